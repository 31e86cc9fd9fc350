import * as tf from '@tensorflow/tfjs-core'
import { matmul2d } from '../backend/matmul.js'
import { UserError } from '../errors.js'
import { tidy } from './tidy.js'

/** Added to the mean square by RMSNorm. */
const RMS_EPSILON = 1e-5

/**
 * Returns y = x Wᵀ without bias: x `[…, in]`, W `[out, in]` → `[…, out]`. Its own gradient makes both directions single 2-D
 * products.
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
 * Returns RMSNorm without a weight over one axis, in the shape of `x`: x / √(mean(x²) + 1e-5). "Root Mean Square Layer
 * Normalization", arXiv 1910.07467; the paper uses it in every network (section 2).
 *
 * @param x `[…]` any shape
 * @param axis the normalised axis; default -1, the channels
 * @throws UserError if there is no such axis.
 * @example
 * rmsNorm(tf.tensor([[3, 4], [0, 1]])).arraySync() // [[0.84853, 1.13137], [0, 1.41420]]
 */
export function rmsNorm<T extends tf.Tensor>(x: T, axis = -1): T {
  if (!(x instanceof tf.Tensor)) throw new UserError({ where: 'rmsNorm, x', expected: 'a tensor', found: typeof x })
  if (!(axis >= -x.rank && axis < x.rank))
    throw new UserError({
      where: 'rmsNorm, axis',
      expected: `an axis of a tensor of shape [${x.shape.join(', ')}]`,
      found: String(axis),
    })
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
  ) as T
}

/** Computes a value and its gradient function; `save` keeps tensors for the latter. */
export type Forward = (
  save: tf.GradSaveFunc,
  ...inputs: tf.Tensor[]
) => { value: tf.Tensor; gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] }

/** Applies a function with a custom gradient: tf.customGrad with the save function first. */
export function withGradient(forward: Forward, inputs: tf.Tensor[]): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc
    const { value, gradFunc } = forward(save, ...(args as tf.Tensor[]))
    // tfjs would keep the gradient's intermediate tensors until the whole backward pass is over.
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tidy(() => gradFunc(dy, saved)) }
  })(...inputs)
}

/** Returns the result of `work` as a constant: nothing is recorded for a gradient being taken. */
export function withoutGradient<T extends tf.Tensor>(work: () => T): T {
  return tf.customGrad(() => ({ value: work(), gradFunc: () => [] }))() as T
}

/** {@link withoutGradient} for a record of tensors, which outlive the enclosing tidy: the caller frees them. */
export function constants<T extends Readonly<Record<string, tf.Tensor>>>(work: () => T): T {
  let made: T | undefined
  withoutGradient(() => {
    made = keepAll(work())
    return tf.scalar(0)
  })
  return made!
}

/** Keeps every tensor of a record beyond the enclosing tidy. */
export function keepAll<T extends object>(tensors: T): T {
  for (const tensor of Object.values(tensors)) tf.keep(tensor as tf.Tensor)
  return tensors
}
