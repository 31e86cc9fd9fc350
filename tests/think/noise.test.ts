import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawInto, streamOf, subStream } from '../../lib/think/noise.js'
import { standardNormal, truncatedNormal } from '../../lib/think/normal.js'

const COUNT = 1_000_000

function moments(values: Float32Array): { mean: number; variance: number; kurtosis: number } {
  let [sum, squares, fourths] = [0, 0, 0]
  for (const value of values) {
    sum += value
    squares += value ** 2
    fourths += value ** 4
  }
  const n = values.length
  return { mean: sum / n, variance: squares / n, kurtosis: fourths / n / (squares / n) ** 2 }
}

test('noise has the moments and the tail of a standard normal distribution', () => {
  const values = new Float32Array(COUNT)
  drawInto(values, 0, COUNT, streamOf(0, 'a'), standardNormal(), 1)
  const { mean, variance, kurtosis } = moments(values)
  // Five standard errors of each.
  assert.ok(Math.abs(mean) < 5e-3, String(mean))
  assert.ok(Math.abs(variance - 1) < 5 * Math.sqrt(2 / COUNT), String(variance))
  assert.ok(Math.abs(kurtosis - 3) < 5 * Math.sqrt(24 / COUNT), String(kurtosis))
  const beyond = (at: number): number => values.filter((value) => Math.abs(value) > at).length / COUNT
  assert.ok(Math.abs(beyond(1) - 0.317311) < 2.5e-3)
  assert.ok(Math.abs(beyond(3) - 0.0026998) < 2.6e-4)
  assert.ok(Math.abs(beyond(4) - 6.334e-5) < 4e-5)
})

test('random initial values lie within two standard deviations before they are rescaled to a deviation of 1', () => {
  const values = new Float32Array(COUNT)
  drawInto(values, 0, COUNT, streamOf(0, 'a'), truncatedNormal(), 1)
  const { mean, variance } = moments(values)
  assert.ok(Math.abs(mean) < 5e-3)
  assert.ok(Math.abs(variance - 1) < 5e-3)
  assert.ok(values.every((value) => Math.abs(value) <= 2 / 0.8796256610342398 + 1e-6))
})

test('streams of neighbouring rollouts, steps and latents are uncorrelated, and so are neighbours in a stream', () => {
  const n = 200_000
  const draw = (key: readonly [number, number]): Float32Array => {
    const values = new Float32Array(n)
    drawInto(values, 0, n, key, standardNormal(), 1)
    return values
  }
  const streams = [0, 1].flatMap((rollout) =>
    [0, 1].flatMap((step) =>
      [0, 1].map((latent) => draw(subStream(streamOf(0, 'rollout', 'test', 3, 0, rollout), 1, step, latent))),
    ),
  )
  const correlation = (a: Float32Array, b: Float32Array, lag: number): number => {
    let sum = 0
    for (let i = lag; i < n; i++) sum += a[i]! * b[i - lag]!
    return Math.abs(sum / n)
  }
  for (const [i, a] of streams.entries())
    for (const [j, b] of streams.entries())
      for (const lag of i === j ? [1, 2, 64] : [0, 1])
        assert.ok(correlation(a, b, lag) < 5 / Math.sqrt(n), `${i} ${j} ${lag}`)
})

test('the first draws of a stream are these numbers on every machine', () => {
  const values = new Float32Array(6)
  drawInto(values, 0, 6, subStream(streamOf(7, 'rollout', 'test', 1, 0, 2), 1, 3, 1), standardNormal(), 0.3)
  assert.deepEqual([...values], GOLDEN)
})

const GOLDEN = [
  0.27607882022857666, -0.3494865596294403, 0.12149517983198166, -0.45101237297058105, -0.7281667590141296,
  -0.09060242772102356,
]
