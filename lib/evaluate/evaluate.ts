import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { addMetrics, type MetricSums, noMetrics, type RowOutputs, rowOutcome } from '../model/accuracy.js'
import { answerOf, heads, type Outputs } from '../model/heads.js'
import { type LossKind, supervisionLoss } from '../model/loss.js'
import type { Model } from '../model/model.js'
import type { ModelShape } from '../model/shape.js'
import { tidy } from '../model/tidy.js'
import type { Weights } from '../model/weights.js'
import type { PuzzleOutcome } from './outcomes.js'
import { statesOfSteps } from './states.js'

/** A callback for the last step of a batch, with its loss. */
interface Inspection {
  readonly loss: LossKind
  readonly see: (internals: EvaluationInternals) => void
}

/** The evaluation of one batch. */
export interface BatchEvaluation {
  readonly sums: MetricSums
  readonly outcomes: readonly PuzzleOutcome[]
}

/** Results of the last supervision step of a batch, for comparisons; valid during the call only. */
export interface EvaluationInternals {
  readonly outputs: Outputs
  readonly predictions: Int32Array
  /** Losses of the last step, summed over rows. */
  readonly lmLoss: number
  readonly qHaltLoss: number
}

interface TokenOutputs extends RowOutputs {
  readonly predictions: Int32Array
}

/**
 * Runs one batch for `supervisionSteps` supervision steps. `inspect` receives the last step's outputs before they are
 * freed.
 */
export function evaluateBatch(
  model: Model,
  weights: Weights,
  batch: Batch,
  supervisionSteps: number,
  inspect?: Inspection,
): BatchEvaluation {
  const work = evaluateInSteps(model, weights, batch, supervisionSteps, inspect)
  for (;;) {
    const next = work.next()
    if (next.done) return next.value
  }
}

/**
 * {@link evaluateBatch} as a generator that yields after every supervision step. It frees its tensors when it ends or is
 * closed.
 */
export function* evaluateInSteps(
  model: Model,
  weights: Weights,
  batch: Batch,
  supervisionSteps: number,
  inspect?: Inspection,
): Generator<void, BatchEvaluation> {
  const outputs = yield* outputsAfter(model, weights, batch, supervisionSteps)
  const tokenOutputs = tidy(() => ({
    predictions: Int32Array.from(tf.argMax(outputs.logits, -1).dataSync()),
    qHalt: outputs.qHalt.dataSync() as Float32Array,
    qContinue: outputs.qContinue.dataSync() as Float32Array,
    supervisionSteps: new Int32Array(batch.size).fill(supervisionSteps),
  }))
  if (inspect)
    tf.tidy(() => {
      const labels = tf.tensor2d(batch.labels, [batch.size, batch.seqLen], 'int32')
      const loss = supervisionLoss(outputs, labels, inspect.loss)
      const { predictions } = tokenOutputs
      inspect.see({ outputs, predictions, lmLoss: loss.lm.dataSync()[0]!, qHaltLoss: loss.qHalt.dataSync()[0]! })
    })
  const result = evaluated(model.shape, tokenOutputs, batch)
  tf.dispose([outputs.logits, outputs.qHalt, outputs.qContinue])
  return result
}

/** Returns the evaluation of a batch whose rows are all done. */
export function evaluated(shape: ModelShape, outputs: TokenOutputs, batch: Batch): BatchEvaluation {
  const sums = noMetrics()
  addMetrics(sums, shape, outputs, new Uint8Array(batch.size).fill(1), batch)
  return { sums, outcomes: puzzleOutcomes(batch, outputs) }
}

/** Computes the outputs after the last step only; those of earlier steps are not needed. */
function* outputsAfter(
  model: Model,
  weights: Weights,
  batch: Batch,
  supervisionSteps: number,
): Generator<void, Outputs> {
  for (const { step, state } of statesOfSteps(model, weights, batch, supervisionSteps)) {
    if (step === supervisionSteps) return tidy(() => heads(answerOf(model.shape, state), weights, model.shape))
    yield
  }
  throw new Error(`an evaluation with ${supervisionSteps} supervision steps`)
}

/** Returns the outcome of every puzzle of a batch, without padding rows. */
function puzzleOutcomes(batch: Batch, outputs: TokenOutputs): PuzzleOutcome[] {
  const outcomes: PuzzleOutcome[] = []
  for (let row = 0; row < batch.size; row++) {
    if (batch.rows[row] === -1) continue
    const { counted, cells, exact } = rowOutcome(outputs, batch, row)
    outcomes.push({
      puzzle: batch.rows[row]!,
      version: batch.versions[row]!,
      identifier: batch.puzzleIds[row]!,
      supervisionSteps: outputs.supervisionSteps[row]!,
      cells: counted > 0 ? cells : null,
      exact: counted > 0 ? exact : null,
      haltProbability: 1 / (1 + Math.exp(-outputs.qHalt[row]!)),
      prediction: Uint8Array.from(outputs.predictions.subarray(row * batch.seqLen, (row + 1) * batch.seqLen)),
    })
  }
  return outcomes
}
