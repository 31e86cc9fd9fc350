import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { emptyCarry, takeRows } from '../../lib/model/carry.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { forwardBackward } from '../../lib/train/micro-batch.js'
import { disposeState, initialState, type StepReport, trainStep } from '../../lib/train/step.js'
import { assertClose } from '../close.js'
import fc from '../fast-check.js'
import { randomBatch, stepOptions, tinyShape } from '../model/tiny.js'

before(async () => {
  await startBackend()
})

/** Everything a pass gives, as numbers. */
function pass(shape: ModelShape, rows: number, microBatch: number): Record<string, ArrayLike<number>> {
  const model = initialModel(shape, 4)
  const carry = takeRows(emptyCarry(model, rows), randomBatch(shape, rows, 5), model)
  const result = forwardBackward(model, carry, 'stablemax', microBatch)
  const tensors = { ...result.state, ...result.gradients, ...result.outputs }
  const numbers: Record<string, ArrayLike<number>> = {
    predictions: result.predictions,
    puzzle: result.puzzleGradients ?? [],
    target: result.continueTarget ?? [],
    losses: Object.values(result.losses).map((loss) => loss ?? 0),
  }
  for (const [name, tensor] of Object.entries(tensors)) numbers[name] = Float32Array.from(tensor.dataSync())
  tf.dispose(Object.values(tensors))
  disposeModel(model)
  return numbers
}

test('in micro-batches outputs, losses, state and gradients are those of the whole batch to 1e-5', () => {
  const kinds = fc.constantFrom(
    tinyShape(),
    tinyShape({ mixer: 'mlp', positions: 'none', halting: 'continue' }),
    tinyShape({ model: 'hrm', networks: 'separate', halting: 'continue', puzzleTokens: 1 }),
    tinyShape({ latents: 'multi', halting: 'none' }),
    tinyShape({ freeze: true }),
  )
  fc.assert(
    fc.property(kinds, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 10 }), (shape, rows, microBatch) => {
      const whole = pass(shape, rows, rows)
      const parts = pass(shape, rows, microBatch)
      assert.deepEqual(Object.keys(parts), Object.keys(whole))
      assert.deepEqual(parts.predictions, whole.predictions)
      for (const [name, numbers] of Object.entries(whole)) assertClose(parts[name]!, numbers, 1e-5)
    }),
    { numRuns: 30 },
  )
})

test('a run in micro-batches halts the same rows and reports the same numbers as one with whole batches', () => {
  const shape = tinyShape({ mixer: 'mlp', positions: 'none' })
  const run = (microBatch: number): StepReport[] => {
    const model = initialModel(shape, 1)
    const state = initialState(model, 7, 0.9, 1)
    const reports: StepReport[] = []
    for (let step = 0; step < 5; step++)
      reports.push(trainStep(state, randomBatch(shape, 7, step), { ...stepOptions, haltExploration: 0.5, microBatch }))
    disposeState(state)
    disposeModel(model)
    return reports
  }
  const [whole, parts] = [run(7), run(3)]
  for (const [i, report] of whole.entries())
    for (const [name, value] of Object.entries(numbersOf(report)))
      assertClose([numbersOf(parts[i]!)[name] ?? 0], [value ?? 0], 1e-4)
})

function numbersOf({ norms, skipped, ...numbers }: StepReport): Record<string, number | null> {
  assert.equal(skipped, null)
  return { ...numbers, gradientNorm: norms.gradient, weightNorm: norms.weights }
}

test('no tensor is left behind by steps in micro-batches', () => {
  const shape = tinyShape()
  const model = initialModel(shape, 1)
  const state = initialState(model, 5, 0.9, 1)
  const counts: number[] = []
  for (let step = 0; step < 6; step++) {
    trainStep(state, randomBatch(shape, 5, step), { ...stepOptions, microBatch: 2 })
    counts.push(tf.memory().numTensors)
  }
  assert.equal(counts.at(-1), counts[1])
  disposeState(state)
  disposeModel(model)
})
