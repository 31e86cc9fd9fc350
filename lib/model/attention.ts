import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { expectShapes } from './expect-shape.js'
import { linear } from './ops.js'
import { type RotaryTable, rotary } from './rope.js'

/** The two matrices of self-attention with heads of size d. */
export interface AttentionWeights {
  /** `[3·heads·d, D]`: the queries of all heads, then the keys, then the values. */
  readonly qkv_proj: tf.Tensor
  /** `[D, heads·d]` */
  readonly o_proj: tf.Tensor
}

/** Options of self-attention. */
export interface AttentionOptions {
  readonly heads: number
  /** Rotary angles for queries and keys; default null: no rotation. */
  readonly rope?: RotaryTable | null
}

/**
 * Returns bidirectional multi-head self-attention, `[B, L, D]`: softmax(q kᵀ / √d) v of every head, then o_proj,
 * without biases. "Attention Is All You Need", arXiv 1706.03762; the paper's section 2; section 4.5 replaces it by an
 * MLP.
 *
 * @param h `[B, L, D]`
 * @param weights qkv_proj `[3·heads·d, D]`, o_proj `[D, heads·d]`
 * @throws UserError if a tensor has the wrong shape, or the number of heads does not divide the width.
 * @example
 * const weights = { qkv_proj: tf.tensor([[0], [0], [1]]), o_proj: tf.tensor([[1]]) }
 * attention(tf.tensor([[[2], [4]]]), weights, { heads: 1 }).arraySync() // [[[3], [3]]]
 */
export function attention(
  h: tf.Tensor,
  { qkv_proj, o_proj }: AttentionWeights,
  { heads, rope = null }: AttentionOptions,
): tf.Tensor3D {
  expectShapes('attention', {
    h: [h, ['B', 'L', 'D']],
    o_proj: [o_proj, ['D', 'heads·d']],
    qkv_proj: [qkv_proj, [3 * (o_proj?.shape[1] ?? 0), 'D']],
  })
  const [B, L] = h.shape as [number, number]
  const { scores, v } = scoresOf(h, qkv_proj, o_proj.shape[1]!, heads, rope)
  const read = byHead(tf.matMul(tf.softmax(scores), v))
  return linear(tf.reshape(read, [B, L, o_proj.shape[1]!]), o_proj) as tf.Tensor3D
}

/**
 * Returns how much every token reads of every other, `[B, heads, L, L]`: softmax(q kᵀ / √d), whose rows sum to 1. The
 * arguments are those of {@link attention}.
 */
export function attentionMap(
  h: tf.Tensor,
  { qkv_proj, o_proj }: AttentionWeights,
  { heads, rope = null }: AttentionOptions,
): tf.Tensor4D {
  return tf.softmax(scoresOf(h, qkv_proj, o_proj.shape[1]!, heads, rope).scores) as tf.Tensor4D
}

/** Returns q kᵀ / √d, `[B, heads, L, L]`, and v, `[B, heads, L, d]`. */
function scoresOf(
  h: tf.Tensor,
  qkv: tf.Tensor,
  width: number,
  heads: number,
  rope: RotaryTable | null,
): { readonly scores: tf.Tensor; readonly v: tf.Tensor } {
  const [B, L] = h.shape as [number, number]
  const d = width / heads
  if (!Number.isInteger(d))
    throw new UserError({
      where: 'attention, heads',
      expected: `a divisor of the width ${width}`,
      found: String(heads),
    })
  const projected = tf.reshape(linear(h, qkv), [B, L, 3 * heads, d])
  const [qk, v] = tf.split(projected, [2 * heads, heads], 2) as [tf.Tensor, tf.Tensor]
  const [q, k] = tf.split(rope ? rotary(qk, rope) : qk, 2, 2) as [tf.Tensor, tf.Tensor]
  return { scores: tf.mul(tf.matMul(byHead(q), byHead(k), false, true), 1 / Math.sqrt(d)), v: byHead(v) }
}

function byHead(x: tf.Tensor): tf.Tensor {
  return tf.transpose(x, [0, 2, 1, 3])
}
