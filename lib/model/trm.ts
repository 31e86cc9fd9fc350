import * as tf from '@tensorflow/tfjs-core'
import { block } from './block.js'
import { oneHot } from './one-hot.js'
import { linear } from './ops.js'
import { type RotaryTable, rotaryTable } from './rope.js'
import { headSize, type ModelShape, totalTokens } from './shape.js'
import { tidy } from './tidy.js'
import type { Model, Weights } from './weights.js'

/** The recursion's state: the answer y and the latent z, each `[B, L, D]`. */
export interface State {
  readonly y: tf.Tensor3D
  readonly z: tf.Tensor3D
}

/** What the heads read off the answer. */
export interface Outputs {
  /** `[B, seqLen, V]`, the puzzle tokens cut off. */
  readonly logits: tf.Tensor3D
  /** `[B]`: halt when above 0. */
  readonly qHalt: tf.Tensor1D
  /** `[B]`: read by the continue loss only. */
  readonly qContinue: tf.Tensor1D
}

/** net(a, b): the same blocks for both uses. */
export type Net = (a: tf.Tensor3D, b: tf.Tensor3D) => tf.Tensor3D

/** The one network of a TRM: net(a, b) = blocks(a + b). */
export function network(weights: Weights, shape: ModelShape, rope: RotaryTable | null): Net {
  return (a, b) => {
    let h = tf.add(a, b) as tf.Tensor3D
    for (let i = 0; i < shape.layers; i++) {
      const before = h
      // Frees what a block computes on its way; what its gradient needs is kept by the tape.
      h = tidy(() => block(before, weights, `L_level.layers.${i}`, shape, rope))
      before.dispose()
    }
    return h
  }
}

/** n times z ← net(z, y + x), then once y ← net(y, z). Paper, figure 3 (`latent_recursion`). */
export function latentRecursion(net: Net, x: tf.Tensor3D, { y, z }: State, n: number): State {
  for (let i = 0; i < n; i++) z = net(z, tf.add(y, x))
  return { y: net(y, z), z }
}

/**
 * `times` latent recursions without gradient: the first T - 1 of a supervision step. The given state is kept,
 * every state between is freed. Paper, figure 3 (`deep_recursion`).
 */
export function recurseWithoutGradient(net: Net, x: tf.Tensor3D, start: State, n: number, times: number): State {
  let state = start
  for (let i = 0; i < times; i++) {
    const previous = state
    state = tidy(() => latentRecursion(net, x, previous, n))
    if (previous !== start) tf.dispose([previous.y, previous.z])
  }
  return state
}

/** Cosines and sines, where the model rotates its queries and keys. */
export function modelRope(shape: ModelShape): RotaryTable | null {
  return shape.mixer === 'attention' && shape.positions === 'rope'
    ? rotaryTable(totalTokens(shape), headSize(shape))
    : null
}

/**
 * x: token embeddings with the puzzle tokens before them, times √D.
 *
 * @param inputs `[B, seqLen]` int32 tokens
 * @param puzzleRows `[B, puzzleDim]`, the batch's rows of the puzzle embedding; null without one
 * @returns `[B, L, D]`
 */
export function embed(
  weights: Weights,
  shape: ModelShape,
  inputs: tf.Tensor2D,
  puzzleRows: tf.Tensor2D | null,
): tf.Tensor3D {
  const B = inputs.shape[0]
  // A product with one-hot rows, not a gather: its gradient exists on every backend.
  const tokens = tf.reshape(oneHot(inputs, shape.vocabSize), [B * shape.seqLen, shape.vocabSize])
  const table = weights['embed_tokens.embedding_weight']!
  let x = tf.reshape(linear(tokens, tf.transpose(table)), [B, shape.seqLen, shape.hidden])
  if (shape.puzzleTokens > 0) {
    const width = shape.puzzleTokens * shape.hidden
    const padded = puzzleRows
      ? tf.pad(puzzleRows, [
          [0, 0],
          [0, width - shape.puzzleDim],
        ])
      : tf.zeros([B, width])
    x = tf.concat([tf.reshape(padded, [B, shape.puzzleTokens, shape.hidden]), x], 1)
  }
  if (shape.positions === 'learned') x = tf.mul(tf.add(x, weights['embed_pos.embedding_weight']!), Math.SQRT1_2)
  return tf.mul(x, Math.sqrt(shape.hidden)) as tf.Tensor3D
}

/** logits = lm_head(y)[:, P:]; (q_halt, q_continue) = q_head(y[:, 0]). */
export function heads(weights: Weights, shape: ModelShape, y: tf.Tensor3D): Outputs {
  const B = y.shape[0]
  const answer = tf.slice(y, [0, shape.puzzleTokens, 0], [B, shape.seqLen, shape.hidden])
  const first = tf.reshape(tf.slice(y, [0, 0, 0], [B, 1, shape.hidden]), [B, shape.hidden])
  const q = tf.add(linear(first, weights['q_head.weight']!), weights['q_head.bias']!)
  const [qHalt, qContinue] = tf.unstack(q, 1) as [tf.Tensor1D, tf.Tensor1D]
  return { logits: linear(answer, weights['lm_head.weight']!) as tf.Tensor3D, qHalt, qContinue }
}

/** The batch's rows of the puzzle embedding, `[B, puzzleDim]`; null without one. */
export function puzzleRows(model: Model, puzzleIds: Int32Array): tf.Tensor2D | null {
  const { puzzleDim } = model.shape
  if (puzzleDim === 0) return null
  const rows = new Float32Array(puzzleIds.length * puzzleDim)
  puzzleIds.forEach((id, i) => {
    rows.set(model.puzzleTable.subarray(id * puzzleDim, (id + 1) * puzzleDim), i * puzzleDim)
  })
  return tf.tensor2d(rows, [puzzleIds.length, puzzleDim])
}
