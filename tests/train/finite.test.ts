import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { kernels, setFast } from '../../lib/backend/kernels.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { checkStep, firstNotFinite, NotFinite, stepNorms } from '../../lib/train/finite.js'
import { checkUpdate } from '../../lib/train/finite-update.js'
import type { Pass } from '../../lib/train/pass.js'
import { sumsOfSquares } from '../../lib/train/squares.js'
import { disposeState, initialState, type StepReport, type TrainingState, trainStep } from '../../lib/train/step.js'
import { randomBatch, stepOptions, tinyShape } from '../model/tiny.js'

before(async () => {
  await startBackend()
})

const shape = tinyShape()
const saying = (message: RegExp) => (error: unknown) => error instanceof NotFinite && message.test(error.message)

/** Runs some work on a fresh state, and checks that no tensor is left. */
function withState(work: (state: TrainingState) => void): void {
  const { numTensors } = tf.memory()
  const state = initialState(initialModel(shape, 1), 4, 0.9, 1)
  tf.tidy(() => work(state))
  disposeState(state)
  disposeModel(state.model)
  assert.equal(tf.memory().numTensors, numTensors)
}

/** The pass of a step whose gradients are all ones, but for those of the halting head's bias. */
function passOf(state: TrainingState, bias: readonly number[]): Pass {
  const gradients = Object.fromEntries(
    Object.entries(state.model.weights).map(([name, weight]) => [name, tf.onesLike(weight)]),
  )
  return {
    ...{ state: state.carry.state, outputs: { logits: tf.zeros([4, 4, 5]) }, puzzleGradients: null },
    losses: { loss: 1, lmLoss: 1, qHaltLoss: 1, qContinueLoss: null },
    gradients: { ...gradients, 'q_head.bias': tf.tensor1d([...bias]) },
  } as unknown as Pass
}

for (const fast of [true, false])
  test(`sums of squares are those of every tensor, NaN and infinity included (${fast ? 'fused' : 'plain'})`, (t) => {
    if (fast && !kernels()) return t.skip('no kernels here')
    setFast(fast)
    try {
      const large = tf.fill([40_000], 0.5)
      const bad = [[1, Number.NaN], [Number.NEGATIVE_INFINITY], [3, 4], []].map((numbers) => tf.tensor1d(numbers))
      const sums = [...sumsOfSquares([large, ...bad])]
      assert.deepEqual(sums, [10_000, Number.NaN, Number.POSITIVE_INFINITY, 25, 0])
      assert.equal(sumsOfSquares([]).length, 0)
      tf.dispose([large, bad])
    } finally {
      setFast(true)
    }
  })

test('the norm of a gradient is Euclidean over all weights, also where float32 holds no square of its numbers', () => {
  withState((state) => {
    const count = Object.values(state.model.weights).reduce((sum, { size }) => sum + size, 0)
    const norm = (...bias: number[]) => stepNorms(checkStep(state, state.carry, passOf(state, bias))).gradient!
    assert.ok(Math.abs(norm(1, 1) - Math.sqrt(count)) < 1e-4)
    const large = norm(3e30, 4e30)
    assert.ok(Math.abs(large / 5e30 - 1) < 1e-6, String(large))
  })
})

test('a gradient that is not finite is named with its numbers, though the loss is finite', () => {
  withState((state) => {
    const attempt = (bias: number, losses: Partial<Pass['losses']> = {}) => {
      const pass = passOf(state, [1, bias])
      checkStep(state, state.carry, { ...pass, losses: { ...pass.losses, ...losses } })
    }
    assert.throws(() => attempt(Number.NaN), saying(/^NaN in the gradient of q_head\.bias \(1 of 2 numbers\)$/))
    assert.throws(
      () => attempt(1, { qContinueLoss: Number.NaN, lmLoss: -1 / 0 }),
      saying(/^lmLoss -Infinity and continueLoss NaN$/),
    )
  })
})

test('an update that would leave float32 is refused before it is made', () => {
  withState((state) => {
    const rates = { ...stepOptions, lr: 1e-3, puzzleLr: 1e-3 }
    const attempt = (bias: number, change: Partial<typeof rates> = {}) => {
      const pass = passOf(state, [1, bias])
      checkUpdate(state, pass, checkStep(state, state.carry, pass), new Int32Array(), { ...rates, ...change })
    }
    attempt(1)
    // Its square overflows the second moment.
    assert.throws(() => attempt(1e25), saying(/^an update to Infinity in adam\.v\/q_head\.bias \(1 of 2 numbers\)$/))
    // Too large for the bound, yet finite.
    attempt(1e18)
    assert.throws(() => attempt(1, { lr: 3e38 }), saying(/^an update to -Infinity in embed_tokens/))
    const endless = { ...rates.optimizer, beta1: 1 }
    assert.throws(() => attempt(1, { optimizer: endless }), saying(/^an update to (NaN|-?Infinity)/))
  })
})

test('a step after as many skipped updates in a row as may be fails, and one update begins the count again', () => {
  withState((state) => {
    const batch = randomBatch(shape, 4, 1)
    const schedule = { ...stepOptions.schedule }
    const step = (lr: number): StepReport =>
      trainStep(state, batch, { ...stepOptions, schedule: { ...schedule, lr }, skipLimit: 2 })
    const of = ({ skipped, norms }: StepReport) => [skipped !== null, norms.gradient !== null]
    assert.deepEqual([step(1e-3), step(3e38), step(3e38), step(1e-3), step(3e38)].map(of), [
      [false, true],
      [true, false],
      [true, false],
      [false, true],
      [true, false],
    ])
    assert.deepEqual([state.step, state.optimizer.t, state.skipped], [5, 2, { total: 3, inARow: 1 }])
    assert.ok(
      state.carry.halted.every((halted) => halted === 1),
      'every row takes a new puzzle',
    )
    step(3e38)
    assert.throws(() => step(3e38), NotFinite)
    assert.deepEqual([state.step, state.skipped], [6, { total: 4, inARow: 2 }])
  })
})

test('numbers that are not finite are described by kind, name and count', () => {
  const bad = Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, Number.NaN)
  assert.equal(
    firstNotFinite([
      ['a', Float32Array.of(3e38, -3e38)],
      ['b', bad],
    ]),
    'NaN, Infinity in b (3 of 4 numbers)',
  )
  assert.equal(firstNotFinite([['a', Float32Array.of()]]), null)
})
