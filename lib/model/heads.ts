import * as tf from '@tensorflow/tfjs-core'
import { linear } from './ops.js'
import type { State } from './recursion.js'
import { latentNames, type ModelShape } from './shape.js'
import type { Weights } from './weights.js'

/** What the heads read off the answer. */
export interface Outputs {
  /** `[B, seqLen, V]`, the puzzle tokens cut off. */
  readonly logits: tf.Tensor3D
  /** `[B]`: how much speaks for halting. */
  readonly qHalt: tf.Tensor1D
  /** `[B]`: how much speaks for going on; trained by the continue loss only. */
  readonly qContinue: tf.Tensor1D
}

/** With y the answer: logits = lm_head(y)[:, P:]; (q_halt, q_continue) = q_head(y[:, 0]). */
export function heads(weights: Weights, shape: ModelShape, state: State): Outputs {
  const y = state[latentNames(shape)[0]!]!
  const B = y.shape[0]
  const answer = tf.slice(y, [0, shape.puzzleTokens, 0], [B, shape.seqLen, shape.hidden])
  const first = tf.reshape(tf.slice(y, [0, 0, 0], [B, 1, shape.hidden]), [B, shape.hidden])
  const q = tf.add(linear(first, weights['q_head.weight']!), weights['q_head.bias']!)
  const [qHalt, qContinue] = tf.unstack(q, 1) as [tf.Tensor1D, tf.Tensor1D]
  return { logits: linear(answer, weights['lm_head.weight']!) as tf.Tensor3D, qHalt, qContinue }
}
