import * as tf from '@tensorflow/tfjs-core'
import { expectShapes } from './expect-shape.js'
import { linear } from './ops.js'
import type { State } from './recursion.js'
import { latentNames, type ModelShape } from './shape.js'
import type { Weights } from './weights.js'

/** The outputs of the heads. */
export interface Outputs {
  /** `[B, seqLen, V]`, the puzzle tokens cut off. */
  readonly logits: tf.Tensor3D
  /** `[B]`: how much speaks for halting. */
  readonly qHalt: tf.Tensor1D
  /** `[B]`: how much speaks for going on; trained by the continue loss only. */
  readonly qContinue: tf.Tensor1D
}

/**
 * The outputs that the heads read off an answer y: logits = lm_head(y)[:, P:] and (q_halt, q_continue) = q_head(y[:, 0]). Paper,
 * figure 3 (`output_head`, `Q_head`); q_continue is HRM's, arXiv 2506.21734.
 *
 * @param y `[B, L, D]`
 * @param weights `lm_head.weight` `[V, D]`, `q_head.weight` `[2, D]`, `q_head.bias` `[2]`
 * @param options puzzleTokens P, the tokens before the puzzle's own; default 0
 * @throws UserError when a weight is missing or has another shape.
 * @example
 * const weights = {
 *   'lm_head.weight': tf.tensor([[1, 0], [0, 1], [1, 1]]), 'q_head.weight': tf.zeros([2, 2]), 'q_head.bias': tf.tensor([-5, -5]),
 * }
 * heads(tf.tensor([[[9, 9], [1, 2]]]), weights, { puzzleTokens: 1 }).logits.arraySync() // [[[1, 2, 3]]]
 */
export function heads(
  y: tf.Tensor,
  weights: Weights,
  { puzzleTokens = 0 }: { readonly puzzleTokens?: number } = {},
): Outputs {
  const { 'lm_head.weight': lm, 'q_head.weight': q, 'q_head.bias': bias } = weights
  expectShapes('heads', {
    y: [y, ['B', 'L', 'D']],
    'lm_head.weight': [lm, ['V', 'D']],
    'q_head.weight': [q, [2, 'D']],
    'q_head.bias': [bias, [2]],
  })
  const [B, L, D] = y.shape as [number, number, number]
  const answer = tf.slice(y, [0, puzzleTokens, 0], [B, L - puzzleTokens, D])
  const first = tf.reshape(tf.slice(y, [0, 0, 0], [B, 1, D]), [B, D])
  const [qHalt, qContinue] = tf.unstack(tf.add(linear(first, q!), bias!), 1) as [tf.Tensor1D, tf.Tensor1D]
  return { logits: linear(answer, lm!) as tf.Tensor3D, qHalt, qContinue }
}

/** The latent that the heads read, `[B, L, D]`. */
export function answerOf(shape: ModelShape, state: State): tf.Tensor3D {
  return state[latentNames(shape)[0]!]!
}
