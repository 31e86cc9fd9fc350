import * as tf from '@tensorflow/tfjs-core'
import { matmul2d } from '../backend/matmul.js'
import { tidy } from './tidy.js'

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

/** Computes a value and says how its gradient flows to each input; `save` keeps tensors for that. */
export type Forward = (
  save: tf.GradSaveFunc,
  ...inputs: tf.Tensor[]
) => { value: tf.Tensor; gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] }

/** A function with a gradient of its own: tf.customGrad with the save function first. */
export function withGradient(forward: Forward, inputs: tf.Tensor[]): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc
    const { value, gradFunc } = forward(save, ...(args as tf.Tensor[]))
    // tfjs would keep what the gradient computes on its way until the whole backward pass is over.
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tidy(() => gradFunc(dy, saved)) }
  })(...inputs)
}

/** What `work` computes, as a constant: nothing of it is recorded for a gradient that is being taken. */
export function withoutGradient<T extends tf.Tensor>(work: () => T): T {
  return tf.customGrad(() => ({ value: work(), gradFunc: () => [] }))() as T
}

/** The same for several tensors by name, which are kept: the caller's to free. */
export function constants<T extends Readonly<Record<string, tf.Tensor>>>(work: () => T): T {
  let made: T | undefined
  withoutGradient(() => {
    made = keepAll(work())
    return tf.scalar(0)
  })
  return made!
}

/** Keeps every tensor of a record beyond the tidy that it was made in. */
export function keepAll<T extends object>(tensors: T): T {
  for (const tensor of Object.values(tensors)) tf.keep(tensor as tf.Tensor)
  return tensors
}
