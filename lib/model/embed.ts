import * as tf from '@tensorflow/tfjs-core'
import { expectShapes } from './expect-shape.js'
import type { Model } from './model.js'
import { oneHot } from './one-hot.js'
import { linear } from './ops.js'
import type { ModelShape } from './shape.js'
import type { Weights } from './weights.js'

/** The puzzle tokens and the positions of the input embedding. */
export interface EmbedOptions {
  /** P, the tokens before the puzzle's own; default 0. */
  readonly puzzleTokens?: number
  /** `learned` adds `embed_pos.embedding_weight`; by default it is not added. */
  readonly positions?: ModelShape['positions']
}

/**
 * Returns the input x of the recursion, `[B, L, D]`: token embeddings preceded by P tokens of puzzle embedding, times
 * √D; with learned positions √D (embedding + position) / √2. Paper, figure 3 (`input_embedding`).
 *
 * @param inputs `[B, seqLen]` int32 tokens
 * @param weights `embed_tokens.embedding_weight` `[V, D]`, and `embed_pos.embedding_weight` `[L, D]` where positions are
 * learned
 * @param options a model's shape, or just its keys `puzzleTokens` and `positions`
 * @param puzzleRows `[B, puzzleDim]`, the batch's rows of the puzzle embedding; null (default): zeros
 * @throws UserError if a weight is missing or has the wrong shape.
 * @example
 * const weights = { 'embed_tokens.embedding_weight': tf.tensor([[0, 0], [1, 2]]) }
 * embed(tf.tensor2d([[1, 0]], [1, 2], 'int32'), weights).arraySync() // [[[1.41421, 2.82843], [0, 0]]]
 */
export function embed(
  inputs: tf.Tensor,
  weights: Weights,
  { puzzleTokens = 0, positions = 'none' }: EmbedOptions = {},
  puzzleRows: tf.Tensor | null = null,
): tf.Tensor3D {
  const { 'embed_tokens.embedding_weight': table, 'embed_pos.embedding_weight': places } = weights
  expectShapes('embed', {
    inputs: [inputs, ['B', 'seqLen']],
    'embed_tokens.embedding_weight': [table, ['V', 'D']],
    ...(puzzleRows ? { puzzleRows: [puzzleRows, ['B', 'puzzleDim']] as const } : {}),
    ...(positions === 'learned'
      ? { 'embed_pos.embedding_weight': [places, [inputs.shape[1]! + puzzleTokens, 'D']] as const }
      : {}),
  })
  const [B, seqLen] = inputs.shape as [number, number]
  const [V, D] = table!.shape as [number, number]
  // A product with one-hot rows instead of a gather: every backend has its gradient.
  const tokens = tf.reshape(oneHot(inputs, V), [B * seqLen, V])
  let x = tf.reshape(linear(tokens, tf.transpose(table!)), [B, seqLen, D])
  if (puzzleTokens > 0) {
    const width = puzzleTokens * D
    const padded = puzzleRows
      ? tf.pad(puzzleRows, [
          [0, 0],
          [0, width - puzzleRows.shape[1]!],
        ])
      : tf.zeros([B, width])
    x = tf.concat([tf.reshape(padded, [B, puzzleTokens, D]), x], 1)
  }
  if (positions === 'learned') x = tf.mul(tf.add(x, places!), Math.SQRT1_2)
  return tf.mul(x, Math.sqrt(D)) as tf.Tensor3D
}

/** Returns the batch's rows of the puzzle embedding, `[B, puzzleDim]`; null without a puzzle embedding. */
export function puzzleRows(model: Pick<Model, 'shape' | 'puzzleTable'>, puzzleIds: Int32Array): tf.Tensor2D | null {
  const { puzzleDim } = model.shape
  if (puzzleDim === 0) return null
  const rows = new Float32Array(puzzleIds.length * puzzleDim)
  puzzleIds.forEach((id, i) => {
    rows.set(model.puzzleTable.subarray(id * puzzleDim, (id + 1) * puzzleDim), i * puzzleDim)
  })
  return tf.tensor2d(rows, [puzzleIds.length, puzzleDim])
}
