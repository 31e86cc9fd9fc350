import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { type Carry, disposeCarry, emptyCarry, takeRows } from '../model/carry.js'
import { type LossKind, supervisionLoss } from '../model/loss.js'
import { addMetrics, type MetricSums, noMetrics, rowOutcome } from '../model/outcome.js'
import { tidy } from '../model/tidy.js'
import { embed, heads, modelRope, network, type Outputs, puzzleRows, recurseWithoutGradient } from '../model/trm.js'
import type { Model, Weights } from '../model/weights.js'

/** What became of one puzzle. */
export interface PuzzleOutcome {
  /** Index in its split. */
  readonly puzzle: number
  readonly accuracy: number
  readonly exact: boolean
  /** sigmoid(q_halt) after the last step. */
  readonly haltProbability: number
  readonly prediction: Uint8Array
}

/** An evaluation's metrics by their public names, and every puzzle's outcome. */
export interface Evaluation {
  /** Share of puzzles fully right: the number the papers report. */
  readonly 'test.exact': number
  /** Share of cells right, averaged over puzzles. */
  readonly 'test.cells': number
  /** Share of puzzles where (q_halt ≥ 0) says rightly whether the answer is right. */
  readonly 'test.halt': number
  /** Mean supervision steps. */
  readonly steps: number
  readonly puzzles: number
  readonly outcomes: readonly PuzzleOutcome[]
}

/** One batch run to its end. */
export interface BatchEvaluation {
  readonly sums: MetricSums
  readonly outcomes: readonly PuzzleOutcome[]
}

/** What the last supervision step of a batch computed, for comparisons; valid during the call only. */
export interface EvaluationInternals {
  readonly outputs: Outputs
  readonly predictions: Int32Array
  /** Losses of the last step, summed over rows. */
  readonly lmLoss: number
  readonly qHaltLoss: number
}

/**
 * Evaluates a model: every puzzle for all of `steps` supervision steps (default K), no halting. A pure function of
 * (weights, data, steps); rows of padding are not counted. Yields to the event loop between batches.
 *
 * @param weights what to evaluate with: the EMA or the live weights
 */
export async function evaluate(
  model: Model,
  weights: Weights,
  batches: Iterable<Batch>,
  options: { steps?: number; onBatch?: (done: number) => void } = {},
): Promise<Evaluation> {
  const sums = noMetrics()
  const outcomes: PuzzleOutcome[] = []
  for (const batch of batches) {
    const result = evaluateBatch(model, weights, batch, options.steps ?? model.shape.K)
    for (const key of Object.keys(sums) as (keyof MetricSums)[]) sums[key] += result.sums[key]
    outcomes.push(...result.outcomes)
    options.onBatch?.(outcomes.length)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const count = Math.max(1, sums.count)
  return {
    'test.exact': sums.exact / count,
    'test.cells': sums.accuracy / count,
    'test.halt': sums.halt / count,
    steps: sums.steps / count,
    puzzles: sums.count,
    outcomes,
  }
}

/** Runs one batch for `steps` supervision steps. `inspect` sees the last step's outputs before they are freed. */
export function evaluateBatch(
  model: Model,
  weights: Weights,
  batch: Batch,
  steps: number,
  inspect?: { loss: LossKind; see: (internals: EvaluationInternals) => void },
): BatchEvaluation {
  const { shape } = model
  const empty = emptyCarry(model, batch.size)
  const start: Carry = takeRows(empty, batch, model)
  disposeCarry(empty)
  const outputs = tidy(() => {
    const inputs = tf.tensor2d(batch.inputs, [batch.size, batch.seqLen], 'int32')
    const x = embed(weights, shape, inputs, puzzleRows(model, batch.puzzleIds))
    const net = network(weights, shape, modelRope(shape))
    // The heads of the steps between would be read by nobody: all steps run as one recursion.
    const { y } = recurseWithoutGradient(net, x, start, shape.n, shape.T * steps)
    return heads(weights, shape, y)
  })
  disposeCarry(start)
  const { predictions, qHalt } = tidy(() => ({
    predictions: Int32Array.from(tf.argMax(outputs.logits, -1).dataSync()),
    qHalt: outputs.qHalt.dataSync() as Float32Array,
  }))
  const sums = noMetrics()
  const all = new Uint8Array(batch.size).fill(1)
  addMetrics(sums, predictions, qHalt, all, new Int32Array(batch.size).fill(steps), batch)
  if (inspect)
    tf.tidy(() => {
      const labels = tf.tensor2d(batch.labels, [batch.size, batch.seqLen], 'int32')
      const loss = supervisionLoss(outputs, labels, inspect.loss)
      inspect.see({ outputs, predictions, lmLoss: loss.lm.dataSync()[0]!, qHaltLoss: loss.qHalt.dataSync()[0]! })
    })
  tf.dispose([outputs.logits, outputs.qHalt, outputs.qContinue])
  return { sums, outcomes: puzzleOutcomes(batch, predictions, qHalt) }
}

function puzzleOutcomes(batch: Batch, predictions: Int32Array, qHalt: Float32Array): PuzzleOutcome[] {
  const outcomes: PuzzleOutcome[] = []
  for (let row = 0; row < batch.size; row++) {
    if (batch.rows[row] === -1) continue
    const { accuracy, exact } = rowOutcome(predictions, batch, row)
    outcomes.push({
      puzzle: batch.rows[row]!,
      accuracy,
      exact,
      haltProbability: 1 / (1 + Math.exp(-qHalt[row]!)),
      prediction: Uint8Array.from(predictions.subarray(row * batch.seqLen, (row + 1) * batch.seqLen)),
    })
  }
  return outcomes
}
