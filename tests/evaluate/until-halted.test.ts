import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import type { Batch } from '../../lib/data/dataset.js'
import { type BatchEvaluation, evaluateBatch } from '../../lib/evaluate/evaluate.js'
import { evaluateSteps } from '../../lib/evaluate/steps.js'
import { evaluateUntilHalted } from '../../lib/evaluate/until-halted.js'
import { disposeModel, initialModel, type Model } from '../../lib/model/model.js'
import type { Halting, ModelShape } from '../../lib/model/shape.js'
import { Random } from '../../lib/random.js'
import { randomBatch, tinyShape } from '../model/tiny.js'

before(async () => {
  await startBackend()
})

const STEPS = 5

/** A model whose halting head says yes to about a fifth of what it sees of a batch, at any step. */
function model(change: Partial<ModelShape> = {}): Model {
  const made = initialModel(tinyShape({ K: STEPS, ...change }), 2)
  const draw = Random.of(7)
  const head = Float32Array.from({ length: 2 * made.shape.hidden }, () => draw.normal())
  tf.dispose([made.weights['q_head.weight']!, made.weights['q_head.bias']!])
  made.weights = {
    ...made.weights,
    'q_head.weight': tf.tensor2d(head, [2, made.shape.hidden]),
    'q_head.bias': tf.zeros([2]),
  }
  const margins: number[] = []
  for (const { qHalt, qContinue } of evaluateSteps(made, made.weights, randomBatch(made.shape, 12, 3), STEPS))
    for (const [row, q] of qHalt.entries()) margins.push(q - (made.shape.halting === 'halt' ? 0 : qContinue[row]!))
  margins.sort((a, b) => a - b)
  made.weights['q_head.bias']!.dispose()
  const bias = tf.tensor1d([-margins[Math.floor(0.8 * margins.length)]!, 0])
  made.weights = { ...made.weights, 'q_head.bias': bias }
  return made
}

function untilHalted(model: Model, batch: Batch): BatchEvaluation {
  const work = evaluateUntilHalted(model, model.weights, batch, STEPS)
  for (;;) {
    const next = work.next()
    if (next.done) return next.value
  }
}

for (const halting of ['halt', 'continue', 'compare'] as const satisfies readonly Halting[])
  test(`with halting=${halting} every row has the answer of the first step at which it halts, and so many steps`, () => {
    const tried = model({ halting })
    const batch = randomBatch(tried.shape, 12, 3)
    const all = [...evaluateSteps(tried, tried.weights, batch, STEPS)]
    const { outcomes } = untilHalted(tried, batch)
    const made = new Set<number>()
    for (const [row, outcome] of outcomes.entries()) {
      const says = (i: number): boolean => all[i]!.qHalt[row]! > (halting === 'halt' ? 0 : all[i]!.qContinue[row]!)
      const at = all.findIndex((_, i) => i === STEPS - 1 || says(i))
      assert.equal(outcome.supervisionSteps, at + 1)
      const { seqLen } = batch
      assert.deepEqual([...outcome.prediction], [...all[at]!.predictions.subarray(row * seqLen, (row + 1) * seqLen)])
      made.add(outcome.supervisionSteps)
    }
    assert.ok(made.size > 1, 'rows that leave at different steps')
    disposeModel(tried)
  })

test('a model that never halts is evaluated as without halting', () => {
  const tried = initialModel(tinyShape({ K: STEPS }), 2)
  const batch = randomBatch(tried.shape, 6, 3)
  assert.deepEqual(untilHalted(tried, batch), evaluateBatch(tried, tried.weights, batch, STEPS))
  disposeModel(tried)
})

test('the outcome of a puzzle does not depend on the batch it is evaluated in, rows of padding do not count, and nothing is left behind', () => {
  const tried = model()
  const batch = randomBatch(tried.shape, 9, 3)
  const { seqLen } = batch
  const tensors = tf.memory().numTensors
  const whole = untilHalted(tried, batch).outcomes
  const parts = [0, 4].flatMap((from) => {
    const rows = new Int32Array(6).fill(-1)
    const inputs = new Int32Array(6 * seqLen)
    const labels = new Int32Array(6 * seqLen)
    const to = Math.min(9, from === 0 ? 4 : 9)
    rows.set(batch.rows.subarray(from, to))
    inputs.set(batch.inputs.subarray(from * seqLen, to * seqLen))
    labels.set(batch.labels.subarray(from * seqLen, to * seqLen))
    const puzzleIds = new Int32Array(6)
    puzzleIds.set(batch.puzzleIds.subarray(from, to))
    const part: Batch = { size: 6, seqLen, inputs, labels, rows, puzzleIds, versions: new Int32Array(6) }
    return untilHalted(tried, part).outcomes
  })
  assert.equal(tf.memory().numTensors, tensors)
  assert.equal(parts.length, whole.length)
  for (const [i, outcome] of whole.entries()) {
    assert.equal(parts[i]!.supervisionSteps, outcome.supervisionSteps)
    assert.deepEqual(parts[i]!.prediction, outcome.prediction)
  }
  // Left in the middle, it frees what it holds.
  const work = evaluateUntilHalted(tried, tried.weights, batch, STEPS)
  work.next()
  work.return(undefined as never)
  assert.equal(tf.memory().numTensors, tensors)
  disposeModel(tried)
})
