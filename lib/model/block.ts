import * as tf from '@tensorflow/tfjs-core'
import type { FunctionRecord } from '../config/functions.js'
import { type AttentionWeights, attention } from './attention.js'
import { mix, mixerNorm } from './mixer.js'
import { rmsNorm } from './ops.js'
import type { RotaryTable } from './rope.js'
import { type SwigluWeights, swiglu, tokenMlp } from './swiglu.js'
import { type Weights, weightsAt } from './weights.js'

/** Token and channel axes of the hidden state `[B, L, D]`. */
const TOKENS = 1
const CHANNELS = 2

/** The token mixer of a block and its options. */
export interface BlockOptions {
  /** Self-attention, the MLP over tokens, or the record of a custom `Mixer`. */
  readonly mixer: 'attention' | 'mlp' | FunctionRecord
  /** Number of attention heads. */
  readonly heads: number
  /** Expansion that a custom mixer is given; default 4. */
  readonly expansion?: number
}

/**
 * Returns one block's output, `[B, L, D]`, post-norm: h ← rms(h + mix(h)), then h ← rms(h + swiglu(h)). The MLP mixer
 * works along the L axis, and so does its norm. The paper's section 2, and section 4.5 for the MLP.
 *
 * @param h `[B, L, D]`
 * @param weights by published name, e.g. those of a model: `${at}.mlp.gate_up_proj.weight`, `${at}.mlp.down_proj.weight`,
 * and the mixer's `${at}.self_attn.qkv_proj.weight` and `${at}.self_attn.o_proj.weight`, or `${at}.mlp_t.…` with the names
 * of `mlp`
 * @param at the block's name, e.g. `L_level.layers.0`
 * @param options a model's shape, or just its mixer keys
 * @param rope rotary angles of the positions; default null: no rotation
 * @throws UserError if a weight is missing or has the wrong shape.
 * @example
 * const matrices = { gate_up_proj: tf.zeros([4, 2]), down_proj: tf.zeros([2, 2]) }
 * const weights = {
 *   'L.mlp_t.gate_up_proj.weight': matrices.gate_up_proj, 'L.mlp_t.down_proj.weight': matrices.down_proj,
 *   'L.mlp.gate_up_proj.weight': matrices.gate_up_proj, 'L.mlp.down_proj.weight': matrices.down_proj,
 * }
 * block(tf.tensor([[[3, 4], [3, 4]]]), weights, 'L', { mixer: 'mlp', heads: 1 }).arraySync() // [[[1, 1], [1, 1]]]
 */
export function block(
  h: tf.Tensor,
  weights: Weights,
  at: string,
  options: BlockOptions,
  rope: RotaryTable | null = null,
): tf.Tensor3D {
  const mixed = mixTokens(h as tf.Tensor3D, weights, at, options, rope)
  const added = tf.add(mixed, swiglu(mixed as tf.Tensor3D, weightsAt<SwigluWeights>(weights, `${at}.mlp`)))
  return rmsNorm(added, CHANNELS) as tf.Tensor3D
}

/** Returns rms(h + mix(h)), `[B, L, D]`. */
function mixTokens(
  h: tf.Tensor3D,
  weights: Weights,
  at: string,
  { mixer, heads, expansion = 4 }: BlockOptions,
  rope: RotaryTable | null,
): tf.Tensor {
  switch (mixer) {
    case 'attention': {
      const own = weightsAt<AttentionWeights>(weights, `${at}.self_attn`)
      return rmsNorm(tf.add(h, attention(h, own, { heads, rope })), CHANNELS)
    }
    case 'mlp':
      return rmsNorm(tf.add(h, tokenMlp(h, weightsAt<SwigluWeights>(weights, `${at}.mlp_t`))), TOKENS)
    default: {
      const sizes = { tokens: h.shape[1], hidden: h.shape[2], heads, expansion }
      const axis = mixerNorm(mixer) === 'tokens' ? TOKENS : CHANNELS
      return rmsNorm(tf.add(h, mix(h, weights, `${at}.mixer`, sizes, mixer)), axis)
    }
  }
}
