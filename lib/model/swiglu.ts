import * as tf from '@tensorflow/tfjs-core'
import { matmul2d } from '../backend/matmul.js'
import { expectShapes } from './expect-shape.js'
import { withGradient } from './ops.js'

/** A linear map along one axis of the hidden state, with its two gradients; W is `[out, in]`. */
interface LinearMap {
  /** Returns W applied to x. */
  apply(x: tf.Tensor, weight: tf.Tensor2D): tf.Tensor
  /** Returns Wᵀ applied to dy: the gradient of x. */
  applyTransposed(dy: tf.Tensor, weight: tf.Tensor2D): tf.Tensor
  /** Returns the gradient of W. */
  weightGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor
}

/** Along the channels: x is `[rows, D]`. */
const overChannels: LinearMap = {
  apply: (x, w) => matmul2d(x as tf.Tensor2D, w, false, true),
  applyTransposed: (dy, w) => matmul2d(dy as tf.Tensor2D, w, false, false),
  weightGradient: (dy, x) => matmul2d(dy as tf.Tensor2D, x as tf.Tensor2D, true, false),
}

/** Along the tokens: x is `[B, L, D]`; equals the published code's transposed product, without the transpose. */
const overTokens: LinearMap = {
  apply: (x, w) => tf.matMul(tf.expandDims(w, 0), x),
  applyTransposed: (dy, w) => tf.matMul(tf.expandDims(w, 0), dy, true, false),
  weightGradient: (dy, x) => tf.sum(tf.matMul(dy, x, false, true), 0),
}

/** The two matrices of a SwiGLU over a dimension of size d. */
export interface SwigluWeights {
  /** `[2·inner, d]`, the gate's rows first. */
  readonly gate_up_proj: tf.Tensor
  /** `[d, inner]` */
  readonly down_proj: tf.Tensor
}

/**
 * Returns SwiGLU over the channels, `[B, L, D]`: (silu(h Gᵀ) ⊙ h Uᵀ) Wᵀ without biases, where (G, U) = gate_up_proj and
 * W = down_proj. "GLU Variants Improve Transformer", arXiv 2002.05202; the paper's section 2.
 *
 * @param h `[B, L, D]`
 * @param weights gate_up_proj `[2·inner, D]`, down_proj `[D, inner]`
 * @throws UserError if a tensor has the wrong shape.
 * @example
 * const weights = { gate_up_proj: tf.tensor([[1, 0], [0, 1]]), down_proj: tf.tensor([[1], [2]]) }
 * swiglu(tf.tensor([[[1, 2]]]), weights).arraySync() // [[[1.46212, 2.92423]]]
 */
export function swiglu(h: tf.Tensor, { gate_up_proj, down_proj }: SwigluWeights): tf.Tensor3D {
  expectShapes('swiglu', {
    h: [h, ['B', 'L', 'D']],
    down_proj: [down_proj, ['D', 'inner']],
    gate_up_proj: [gate_up_proj, [2 * (down_proj?.shape[1] ?? 0), 'D']],
  })
  const flat = tf.reshape(h, [-1, h.shape[2]!])
  return tf.reshape(gated(flat, gate_up_proj, down_proj, overChannels), h.shape as [number, number, number])
}

/**
 * Returns SwiGLU over the tokens of every channel, `[B, L, D]`: {@link swiglu} with L and D exchanged. The paper
 * replaces self-attention by it if L is small (section 4.5).
 *
 * @param h `[B, L, D]`
 * @param weights gate_up_proj `[2·inner, L]`, down_proj `[L, inner]`
 * @throws UserError if a tensor has the wrong shape.
 * @example
 * const weights = { gate_up_proj: tf.tensor([[1, 0], [0, 1]]), down_proj: tf.tensor([[1], [2]]) }
 * tokenMlp(tf.tensor([[[1], [2]]]), weights).arraySync() // [[[1.46212], [2.92423]]]
 */
export function tokenMlp(h: tf.Tensor, { gate_up_proj, down_proj }: SwigluWeights): tf.Tensor3D {
  expectShapes('tokenMlp', {
    h: [h, ['B', 'L', 'D']],
    down_proj: [down_proj, ['L', 'inner']],
    gate_up_proj: [gate_up_proj, [2 * (down_proj?.shape[1] ?? 0), 'L']],
  })
  return gated(h, gate_up_proj, down_proj, overTokens) as tf.Tensor3D
}

/**
 * Returns the Jacobian of {@link tokenMlp} in some channels, `[channels, L, L]`: the change of token i per change of token
 * j. Each channel has its own: W diag(up ⊙ silu′(gate)) G + W diag(silu(gate)) U.
 *
 * @param h `[L, channels]`, the channels' values at every token
 */
export function tokenJacobian(h: tf.Tensor2D, { gate_up_proj, down_proj }: SwigluWeights): tf.Tensor3D {
  const [gateWeight, upWeight] = halves(gate_up_proj as tf.Tensor2D)
  const gate = tf.matMul(gateWeight, h)
  const s = tf.sigmoid(gate)
  const silu = tf.mul(gate, s)
  const ofGate = tf.mul(tf.matMul(upWeight, h), tf.add(s, tf.mul(silu, tf.sub(1, s))))
  const perChannel = (factor: tf.Tensor, weight: tf.Tensor2D): tf.Tensor =>
    tf.mul(tf.expandDims(tf.transpose(factor), 2), tf.expandDims(weight, 0))
  const inner = tf.add(perChannel(ofGate, gateWeight), perChannel(silu, upWeight))
  return tf.matMul(tf.expandDims(down_proj as tf.Tensor2D, 0), inner as tf.Tensor3D)
}

/**
 * Computes the whole layer in one tape node: only x, gate and up are kept for the backward pass, which recomputes the
 * activation. It uses two products instead of one and a split, because the weights are small and the activations are
 * not.
 */
function gated(x: tf.Tensor, gateUp: tf.Tensor, down: tf.Tensor, map: LinearMap): tf.Tensor {
  return withGradient(
    (save, x, gateUp, down) => {
      const [gateWeight, upWeight] = halves(gateUp as tf.Tensor2D)
      const gate = map.apply(x!, gateWeight)
      const up = map.apply(x!, upWeight)
      save([x!, gate, up, gateUp!, down!])
      return {
        value: map.apply(tf.mul(tf.mul(gate, tf.sigmoid(gate)), up), down as tf.Tensor2D),
        gradFunc: (dy, saved) => {
          const [x, gate, up, gateUp, down] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor2D, tf.Tensor2D]
          const s = tf.sigmoid(gate)
          const silu = tf.mul(gate, s)
          const downGradient = map.weightGradient(dy, tf.mul(silu, up))
          const d = map.applyTransposed(dy, down)
          const dUp = tf.mul(d, silu)
          // silu' = s + silu·(1 - s)
          const dGate = tf.mul(tf.mul(d, up), tf.add(s, tf.mul(silu, tf.sub(1, s))))
          const [gateWeight, upWeight] = halves(gateUp)
          return [
            tf.add(map.applyTransposed(dGate, gateWeight), map.applyTransposed(dUp, upWeight)),
            tf.concat([map.weightGradient(dGate, x), map.weightGradient(dUp, x)], 0),
            downGradient,
          ]
        },
      }
    },
    [x, gateUp, down],
  )
}

/** Returns the rows of the gate and of the up projection. */
function halves(gateUp: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] {
  return tf.split(gateUp, 2, 0) as [tf.Tensor2D, tf.Tensor2D]
}
