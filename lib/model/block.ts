import * as tf from '@tensorflow/tfjs-core'
import { mix, mixerNorm } from './mixer.js'
import { linear, rmsNorm } from './ops.js'
import { type RotaryTable, rotate } from './rope.js'
import { headSize, type ModelShape } from './shape.js'
import { swigluChannels, swigluTokens } from './swiglu.js'
import type { Weights } from './weights.js'

/** Token and channel axes of the hidden state `[B, L, D]`. */
const TOKENS = 1
const CHANNELS = 2

/**
 * One block on h `[B, L, D]`, post-norm: h ← rms(h + mix(h)), then h ← rms(h + swiglu(h)).
 * The MLP mixer works along the L axis, and so does its norm; the user's own mixer says which axis that is.
 */
export function block(
  h: tf.Tensor3D,
  weights: Weights,
  at: string,
  shape: ModelShape,
  rope: RotaryTable | null,
): tf.Tensor3D {
  const matrix = (name: string): tf.Tensor2D => weights[`${at}.${name}.weight`] as tf.Tensor2D
  const mixed = mixTokens(h, weights, at, shape, rope)
  const added = tf.add(mixed, swigluChannels(mixed as tf.Tensor3D, matrix('mlp.gate_up_proj'), matrix('mlp.down_proj')))
  return rmsNorm(added, CHANNELS) as tf.Tensor3D
}

/** rms(h + mix(h)) */
function mixTokens(
  h: tf.Tensor3D,
  weights: Weights,
  at: string,
  shape: ModelShape,
  rope: RotaryTable | null,
): tf.Tensor {
  const matrix = (name: string): tf.Tensor2D => weights[`${at}.${name}.weight`] as tf.Tensor2D
  switch (shape.mixer) {
    case 'attention':
      return rmsNorm(tf.add(h, attention(h, weights, `${at}.self_attn`, shape, rope)), CHANNELS)
    case 'mlp':
      return rmsNorm(tf.add(h, swigluTokens(h, matrix('mlp_t.gate_up_proj'), matrix('mlp_t.down_proj'))), TOKENS)
    default: {
      const axis = mixerNorm(shape.mixer) === 'tokens' ? TOKENS : CHANNELS
      return rmsNorm(tf.add(h, mix(h, weights, `${at}.mixer`, shape, shape.mixer)), axis)
    }
  }
}

/** Multi-head self-attention, not causal: softmax(q kᵀ / √d) v. */
function attention(
  h: tf.Tensor3D,
  weights: Weights,
  at: string,
  shape: ModelShape,
  rope: RotaryTable | null,
): tf.Tensor {
  const [B, L] = h.shape
  const d = headSize(shape)
  const heads = shape.heads
  const projected = tf.reshape(linear(h, weights[`${at}.qkv_proj.weight`]!), [B, L, 3 * heads, d])
  const [qk, v] = tf.split(projected, [2 * heads, heads], 2) as [tf.Tensor, tf.Tensor]
  const [q, k] = tf.split(rope ? rotate(qk, rope) : qk, 2, 2) as [tf.Tensor, tf.Tensor]
  const byHead = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [0, 2, 1, 3])
  const scores = tf.mul(tf.matMul(byHead(q), byHead(k), false, true), 1 / Math.sqrt(d))
  const read = byHead(tf.matMul(tf.softmax(scores), byHead(v)))
  return linear(tf.reshape(read, [B, L, heads * d]), weights[`${at}.o_proj.weight`]!)
}
