import * as tf from '@tensorflow/tfjs-core'
import { matmul2d } from '../backend/matmul.js'

/** Added to the mean square by RMSNorm. */
const RMS_EPSILON = 1e-5

/**
 * y = x Wᵀ without bias: x `[…, in]`, W `[out, in]` → `[…, out]`.
 * With a gradient of its own, so that both directions are single 2-D products.
 */
export function linear(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const [out, inner] = weight.shape as [number, number]
  const flat = tf.reshape(x, [-1, inner])
  const product = withGradient(
    (save, a, w) => {
      save([a, w])
      return {
        value: matmul2d(a as tf.Tensor2D, w as tf.Tensor2D, false, true),
        gradFunc: (dy, saved) => {
          const [a, w] = saved as [tf.Tensor2D, tf.Tensor2D]
          return [matmul2d(dy as tf.Tensor2D, w, false, false), matmul2d(dy as tf.Tensor2D, a, true, false)]
        },
      }
    },
    [flat, weight],
  )
  return tf.reshape(product, [...x.shape.slice(0, -1), out])
}

/**
 * A linear map over the token axis: W `[out, L]` applied to x `[B, L, D]` → `[B, out, D]`; what the published code
 * gets by transposing, without a transpose.
 */
export function tokenLinear(x: tf.Tensor3D, weight: tf.Tensor2D): tf.Tensor3D {
  return withGradient(
    (save, a, w) => {
      save([a, w])
      return {
        value: tf.matMul(tf.expandDims(w, 0), a),
        gradFunc: (dy, saved) => {
          const [a, w] = saved as [tf.Tensor3D, tf.Tensor2D]
          return [tf.matMul(tf.expandDims(w, 0), dy, true, false), tf.sum(tf.matMul(dy, a, false, true), 0)]
        },
      }
    },
    [x, weight],
  ) as tf.Tensor3D
}

/** RMSNorm without weight over one axis: x / sqrt(mean(x²) + 1e-5). */
export function rmsNorm(x: tf.Tensor, axis: number): tf.Tensor {
  return withGradient(
    (save, a) => {
      const r = tf.rsqrt(tf.add(tf.mean(tf.square(a!), axis, true), RMS_EPSILON))
      const y = tf.mul(a!, r)
      save([y, r])
      return {
        value: y,
        gradFunc: (dy, saved) => {
          const [y, r] = saved as [tf.Tensor, tf.Tensor]
          return [tf.mul(r, tf.sub(dy, tf.mul(y, tf.mean(tf.mul(dy, y), axis, true))))]
        },
      }
    },
    [x],
  )
}

/** silu(gate) ⊙ up, where `h` holds the gate in the first and the up projection in the second half of `axis`. */
export function swigluActivation(h: tf.Tensor, axis: number): tf.Tensor {
  return withGradient(
    (save, both) => {
      save([both!])
      const [gate, up] = tf.split(both!, 2, axis) as [tf.Tensor, tf.Tensor]
      return {
        value: tf.mul(tf.mul(gate, tf.sigmoid(gate)), up),
        gradFunc: (dy, saved) => {
          const [gate, up] = tf.split(saved[0]!, 2, axis) as [tf.Tensor, tf.Tensor]
          const s = tf.sigmoid(gate)
          const silu = tf.mul(gate, s)
          // silu' = s + silu·(1 - s)
          const slope = tf.add(s, tf.mul(silu, tf.sub(1, s)))
          return [tf.concat([tf.mul(tf.mul(dy, up), slope), tf.mul(dy, silu)], axis)]
        },
      }
    },
    [h],
  )
}

/** Computes a value and says how its gradient flows to each input; `save` keeps tensors for that. */
export type Forward = (
  save: tf.GradSaveFunc,
  ...inputs: tf.Tensor[]
) => { value: tf.Tensor; gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] }

/** A function with a gradient of its own: tf.customGrad with the save function first. */
export function withGradient(forward: Forward, inputs: tf.Tensor[]): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc
    return forward(save, ...(args as tf.Tensor[]))
  })(...inputs)
}
