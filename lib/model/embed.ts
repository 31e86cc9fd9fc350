import * as tf from '@tensorflow/tfjs-core'
import { oneHot } from './one-hot.js'
import { linear } from './ops.js'
import type { ModelShape } from './shape.js'
import type { Model, Weights } from './weights.js'

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
