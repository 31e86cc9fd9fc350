import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { continueTarget, haltedRows, looksAhead } from '../../lib/model/halting.js'
import type { Halting } from '../../lib/model/shape.js'
import { Random } from '../../lib/random.js'
import { assertClose } from '../close.js'
import fc from '../fast-check.js'
import { tinyShape } from './tiny.js'

before(async () => {
  await startBackend()
})

const logits = { qHalt: [-1, 1, 0, 2, -3], qContinue: [-2, 3, 0, 1, -1] }

function halted(halting: Halting, change: { K?: number; steps?: number; explore?: number } = {}): number[] {
  const { K = 4, steps = 2, explore = 0 } = change
  return [...haltedRows(tinyShape({ halting, K }), new Int32Array(5).fill(steps), logits, explore, Random.of(1))]
}

test('a TRM’s row halts on q_halt > 0, HRM’s and direct prediction’s on q_halt > q_continue', () => {
  assert.deepEqual(halted('halt'), [0, 1, 0, 1, 0])
  assert.deepEqual(halted('continue'), [1, 0, 0, 1, 0])
  assert.deepEqual(halted('compare'), [1, 0, 0, 1, 0])
})

test('without halting, and with K = 1, rows halt after K steps and not before', () => {
  assert.deepEqual(halted('none'), [0, 0, 0, 0, 0])
  assert.deepEqual(halted('none', { steps: 4 }), [1, 1, 1, 1, 1])
  for (const halting of ['halt', 'continue', 'compare', 'none'] as const) {
    assert.deepEqual(halted(halting, { K: 1, steps: 1 }), [1, 1, 1, 1, 1])
    assert.deepEqual(halted(halting, { steps: 4 }), [1, 1, 1, 1, 1])
  }
})

test('exploration holds rows back for at least 2 and at most K steps', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(), (K, seed) => {
      const shape = tinyShape({ K })
      const yes = { qHalt: [1], qContinue: [0] }
      const at = (steps: number): number => haltedRows(shape, Int32Array.of(steps), yes, 1, Random.of(seed))[0]!
      assert.equal(at(1), 0)
      assert.equal(at(K), 1)
    }),
  )
})

test('q_continue should have been the better of the next step’s two, or q_halt where there is no next step', () => {
  const next = {
    logits: tf.zeros([3, 1, 1]) as tf.Tensor3D,
    qHalt: tf.tensor1d([1, -1, -1]),
    qContinue: tf.tensor1d([0, 2, 2]),
  }
  const sigmoid = (q: number): number => 1 / (1 + Math.exp(-q))
  assertClose(continueTarget(next, [0, 0, 1]).dataSync(), [1, 2, -1].map(sigmoid))
})

test('only the continue loss looks ahead, and only where there may be a next step', () => {
  assert.deepEqual(
    (['halt', 'compare', 'continue', 'none'] as const).map((halting) => looksAhead(tinyShape({ halting }))),
    [false, false, true, false],
  )
  assert.equal(looksAhead(tinyShape({ halting: 'continue', K: 1 })), false)
})
