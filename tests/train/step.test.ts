import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { setFast } from '../../lib/backend/kernels.js'
import { NOTHING_SPENT } from '../../lib/backend/spent.js'
import type { Batch } from '../../lib/data/dataset.js'
import { evaluateBatch } from '../../lib/evaluate/evaluate.js'
import { disposeModel, initialModel, modelTensors } from '../../lib/model/model.js'
import { Random } from '../../lib/random.js'
import { restoreSnapshot, takeSnapshot } from '../../lib/train/snapshot.js'
import { disposeState, initialState, type StepOptions, type TrainingState, trainStep } from '../../lib/train/step.js'
import { stepOptions as options, tinyShape } from '../model/tiny.js'

before(async () => {
  await startBackend()
})

const shape = tinyShape({
  mixer: 'mlp',
  hidden: 16,
  expansion: 4,
  positions: 'none',
  n: 1,
  puzzleDim: 16,
  puzzleIdentifiers: 4,
})
const { schedule } = options

function batch(seed: number, size = 6): Batch {
  const random = Random.of(seed)
  const tokens = (): Int32Array => Int32Array.from({ length: size * 4 }, () => 1 + random.int(4))
  return {
    size,
    seqLen: 4,
    inputs: tokens(),
    labels: tokens(),
    puzzleIds: Int32Array.from({ length: size }, () => random.int(4)),
    rows: Int32Array.from({ length: size }, (_, i) => i),
    versions: new Int32Array(size),
  }
}

function run(steps: number, change: Partial<StepOptions> = {}, size = 6): TrainingState {
  const state = initialState(initialModel(shape, 1), size, 0.9, 1)
  for (let i = 0; i < steps; i++) trainStep(state, batch(i, size), { ...options, ...change })
  return state
}

function free(...states: TrainingState[]): void {
  for (const state of states) {
    disposeState(state)
    disposeModel(state.model)
  }
}

test('one seed gives one result, bit for bit', () => {
  const [a, b] = [run(4, { haltExploration: 0.5 }), run(4, { haltExploration: 0.5 })]
  assert.deepEqual(modelTensors(a.model), modelTensors(b.model))
  assert.deepEqual(a.carry.halted, b.carry.halted)
  free(a, b)
})

test('a row keeps its puzzle until K steps are made, then takes the one offered', () => {
  const state = run(1)
  const first = state.carry.batch.inputs.slice()
  for (let step = 1; step < 3; step++) {
    assert.deepEqual(state.carry.batch.inputs, first)
    assert.equal(
      state.carry.halted.every((halted) => halted === 0),
      true,
    )
    trainStep(state, batch(step), options)
  }
  assert.equal(
    state.carry.halted.every((halted) => halted === 1),
    true,
  )
  const report = trainStep(state, batch(50), options)
  assert.deepEqual(state.carry.batch.inputs, batch(50).inputs)
  assert.deepEqual([...state.carry.supervisionSteps], [1, 1, 1, 1, 1, 1])
  assert.equal(report.scored, 0)
  free(state)
})

test('metrics count the rows that halted in this step', () => {
  const state = run(2)
  const report = trainStep(state, batch(2), options)
  assert.equal(report.scored, 6)
  assert.equal(report.supervisionSteps, 18)
  assert.ok(report.cells >= 0 && report.cells <= 6)
  free(state)
})

test('with exploration 1 and a halting head that always says halt, rows still go on for a drawn number of steps', () => {
  const finished = (haltExploration: number): number => {
    const state = initialState(initialModel(shape, 1), 64, 0, 1)
    const { weights } = state.model
    const bias = weights['q_head.bias']!
    state.model.weights = { ...weights, 'q_head.bias': tf.tensor1d([5, -5]) }
    bias.dispose()
    trainStep(state, batch(0, 64), { ...options, ema: 0, haltExploration })
    const count = state.carry.halted.reduce((a, b) => a + b, 0)
    free(state)
    return count
  }
  assert.equal(finished(0), 64)
  assert.equal(finished(1), 0)
})

test('a thousand steps’ worth of tensors is not kept: their number is that after the second step', () => {
  const state = run(2)
  const { numTensors } = tf.memory()
  for (let i = 2; i < 12; i++) trainStep(state, batch(i), options)
  assert.equal(tf.memory().numTensors, numTensors)
  free(state)
})

test('a step that fails between its passes leaves no tensor, and the state as it was, with kernels and without', () => {
  for (const fast of [true, false])
    for (const microBatch of [6, 4]) {
      const before = setFast(fast)
      const [state, other] = [run(2, { microBatch }), run(3, { microBatch })]
      const { numTensors } = tf.memory()
      const wrong = tf.zeros([3, 3])
      const weights = { ...state.model.weights, 'lm_head.weight': wrong }
      const broken = { ...state, model: state.model.with({ weights }) }
      assert.throws(() => trainStep(broken, batch(2), { ...options, microBatch }), /shape|size/)
      wrong.dispose()
      assert.equal(tf.memory().numTensors, numTensors)
      trainStep(state, batch(2), { ...options, microBatch })
      assert.deepEqual(modelTensors(state.model), modelTensors(other.model))
      free(state, other)
      setFast(before)
    }
})

test('training on one batch learns it, with either optimiser and either loss', () => {
  for (const change of [
    {},
    { loss: 'softmax' as const },
    { optimizer: { ...options.optimizer, kind: 'adamw' as const } },
  ]) {
    const state = initialState(initialModel(shape, 2), 6, 0.9, 2)
    const fast = { ...options, ...change, schedule: { ...schedule, lr: 1e-2 } }
    const losses = Array.from({ length: 120 }, () => trainStep(state, batch(7), fast).lmLoss)
    assert.ok(losses.at(-1)! < 0.3 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`)
    free(state)
  }
})

test('evaluation is a pure function of weights, data and steps, whatever the batch size', () => {
  const state = run(3)
  const whole = batch(9, 12)
  const parts = [0, 1, 2].map((part): Batch => {
    const rows = (all: Int32Array, width: number): Int32Array => all.slice(part * 4 * width, (part + 1) * 4 * width)
    return {
      size: 4,
      seqLen: 4,
      inputs: rows(whole.inputs, 4),
      labels: rows(whole.labels, 4),
      puzzleIds: rows(whole.puzzleIds, 1),
      rows: rows(whole.rows, 1),
      versions: rows(whole.versions, 1),
    }
  })
  const numTensors = tf.memory().numTensors
  const [a, ...b] = [whole, ...parts].map((rows) => evaluateBatch(state.model, state.ema!, rows, 3))
  assert.equal(tf.memory().numTensors, numTensors)
  assert.deepEqual(
    a!.outcomes.map((o) => [...o.prediction]),
    b.flatMap(({ outcomes }) => outcomes.map((o) => [...o.prediction])),
  )
  assert.equal(
    a!.sums.exact,
    b.reduce((sum, { sums }) => sum + sums.exact, 0),
  )
  free(state)
})

test('rows of padding are not counted in an evaluation', () => {
  const state = run(1)
  const padded = batch(3, 4)
  padded.rows[3] = -1
  padded.labels.fill(-100, 12)
  const { sums, outcomes } = evaluateBatch(state.model, state.model.weights, padded, 1)
  assert.deepEqual([sums.scored, outcomes.length], [3, 3])
  free(state)
})

test('identifiers, rows and versions beyond the whole numbers of float32 survive a checkpoint', () => {
  const state = run(1)
  const large = Int32Array.of(16_777_217, 2 ** 31 - 1, -1, 0, 65_535, 65_536)
  const { batch: held } = state.carry
  state.carry = { ...state.carry, batch: { ...held, puzzleIds: large, rows: large, versions: large } }
  const { tensors, state: json } = takeSnapshot(state, { epoch: 0, index: 0 }, NOTHING_SPENT)
  const { carry, ...restored } = restoreSnapshot(shape, tensors, json).state
  for (const name of ['puzzleIds', 'rows', 'versions'] as const) assert.deepEqual(carry.batch[name], large, name)
  free(state, { ...restored, carry })
})
