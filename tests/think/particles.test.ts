import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../lib/random.js'
import { resampled } from '../../lib/think/particles.js'

const logs = (...weights: number[]): Float64Array => Float64Array.from(weights, Math.log)

test('particles of an effective sample size of at least half their number stay', () => {
  // 1 / (0.7² + 3 · 0.1²) = 1.92 and 1 / (0.6² + 0.4²) = 1.92, of 4: resampled; 1 / (3 · 0.3² + 0.1²) = 3.57: not.
  const even = logs(0.3, 0.3, 0.3, 0.1)
  assert.deepEqual(resampled(even, Random.of(0)), [0, 1, 2, 3])
  assert.deepEqual(even, logs(0.3, 0.3, 0.3, 0.1))
})

test('systematic resampling gives a particle of weight w either ⌊S·w⌋ or ⌈S·w⌉ descendants, and equal weights after it', () => {
  const S = 8
  const weights = [0.02, 0.6, 0, 0.2, 0.03, 0.1, 0.05, 0]
  const means = new Float64Array(S)
  const draws = 4000
  for (let draw = 0; draw < draws; draw++) {
    const cloud = logs(...weights)
    const ancestors = resampled(cloud, Random.of(draw, 'test'))
    assert.deepEqual(cloud, new Float64Array(S).fill(-Math.log(S)))
    for (const [particle, weight] of weights.entries()) {
      const descendants = ancestors.filter((ancestor) => ancestor === particle).length
      assert.ok(descendants === Math.floor(S * weight + 1e-9) || descendants === Math.ceil(S * weight - 1e-9))
      means[particle]! += descendants / draws
    }
  }
  for (const [particle, weight] of weights.entries()) assert.ok(Math.abs(means[particle]! - S * weight) < 0.05)
})
