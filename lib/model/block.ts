import * as tf from '@tensorflow/tfjs-core'
import { linear, rmsNorm, swigluActivation, tokenLinear } from './ops.js'
import { type RotaryTable, rotate } from './rope.js'
import { headSize, type ModelShape } from './shape.js'
import type { Weights } from './weights.js'

/** Token and channel axes of the hidden state `[B, L, D]`. */
const TOKENS = 1
const CHANNELS = 2

/**
 * One block on h `[B, L, D]`, post-norm: h ← rms(h + mix(h)), then h ← rms(h + swiglu(h)).
 * The MLP mixer works along the L axis, and so does its norm.
 */
export function block(
  h: tf.Tensor3D,
  weights: Weights,
  at: string,
  shape: ModelShape,
  rope: RotaryTable | null,
): tf.Tensor3D {
  const mixed =
    shape.mixer === 'attention'
      ? rmsNorm(tf.add(h, attention(h, weights, `${at}.self_attn`, shape, rope)), CHANNELS)
      : rmsNorm(tf.add(h, tokenSwiglu(h, weights, `${at}.mlp_t`)), TOKENS)
  return rmsNorm(tf.add(mixed, swiglu(mixed, weights, `${at}.mlp`)), CHANNELS) as tf.Tensor3D
}

/** down(silu(gate) ⊙ up) over the channels. */
function swiglu(h: tf.Tensor, weights: Weights, at: string): tf.Tensor {
  const inner = swigluActivation(linear(h, weights[`${at}.gate_up_proj.weight`]!), CHANNELS)
  return linear(inner, weights[`${at}.down_proj.weight`]!)
}

/** The same over the tokens of every channel. */
function tokenSwiglu(h: tf.Tensor3D, weights: Weights, at: string): tf.Tensor {
  const both = tokenLinear(h, weights[`${at}.gate_up_proj.weight`] as tf.Tensor2D)
  const inner = swigluActivation(both, TOKENS) as tf.Tensor3D
  return tokenLinear(inner, weights[`${at}.down_proj.weight`] as tf.Tensor2D)
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
