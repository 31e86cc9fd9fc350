import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { choosesToHalt } from '../model/halting.js'
import type { Model } from '../model/model.js'
import { tidy } from '../model/tidy.js'
import type { Weights } from '../model/weights.js'
import { type BatchEvaluation, evaluated } from './evaluate.js'
import { advance, beginEvaluation, type EvaluationState, endEvaluation } from './states.js'
import { readHeads } from './steps.js'

/**
 * Evaluates one batch with early halting: a row is done at the first supervision step at which its halting head chooses to
 * halt, at the latest after `supervisionSteps`, and the rest of the batch continues without it. This is adaptive
 * computational time as in training, while the published evaluation runs all K steps; HRM, section "Inference-time
 * scaling".
 *
 * Yields after every supervision step. Its tensors are freed when the generator ends or is closed.
 *
 * @param weights the weights to evaluate: EMA or live
 */
export function* evaluateUntilHalted(
  model: Model,
  weights: Weights,
  batch: Batch,
  supervisionSteps: number,
): Generator<void, BatchEvaluation> {
  const { size, seqLen } = batch
  const predictions = new Int32Array(size * seqLen)
  const qHalt = new Float32Array(size)
  const qContinue = new Float32Array(size)
  const made = new Int32Array(size)
  let now = beginEvaluation(model, weights, batch)
  let rows = Array.from({ length: size }, (_, row) => row)
  try {
    for (let step = 1; step <= supervisionSteps && rows.length > 0; step++) {
      now = advance(model, weights, now)
      const outputs = readHeads(weights, model.shape, now.state)
      const staying: number[] = []
      for (const [at, row] of rows.entries()) {
        if (step < supervisionSteps && !choosesToHalt(model.shape, outputs.qHalt[at]!, outputs.qContinue[at]!)) {
          staying.push(at)
          continue
        }
        predictions.set(outputs.predictions.subarray(at * seqLen, (at + 1) * seqLen), row * seqLen)
        qHalt[row] = outputs.qHalt[at]!
        qContinue[row] = outputs.qContinue[at]!
        made[row] = step
      }
      if (staying.length > 0 && staying.length < rows.length) now = keepRows(now, staying)
      rows = staying.map((at) => rows[at]!)
      yield
    }
  } finally {
    endEvaluation(now)
  }
  return evaluated(model.shape, { predictions, qHalt, qContinue, supervisionSteps: made }, batch)
}

/** Returns an evaluation with only some of its rows; frees the original. */
function keepRows({ x, state, fused }: EvaluationState, rows: readonly number[]): EvaluationState {
  const kept = tidy(() => {
    const indices = tf.tensor1d([...rows], 'int32')
    const take = (tensor: tf.Tensor3D): tf.Tensor3D => tf.gather(tensor, indices)
    return { x: take(x), ...Object.fromEntries(Object.entries(state).map(([name, z]) => [`state ${name}`, take(z)])) }
  }) as Record<string, tf.Tensor3D>
  tf.dispose([x, ...Object.values(state)])
  return {
    x: kept.x!,
    state: Object.fromEntries(Object.keys(state).map((name) => [name, kept[`state ${name}`]!])),
    fused,
  }
}
