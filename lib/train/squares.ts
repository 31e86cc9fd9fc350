import * as tf from '@tensorflow/tfjs-core'
import { kernels } from '../backend/kernels.js'

/**
 * Returns the sum of squares of each tensor, all of them read from the backend at once. NaN and infinity remain in a sum,
 * which is also infinite where finite numbers exceed 1e19.
 */
export function sumsOfSquares(tensors: readonly tf.Tensor[]): Float32Array {
  if (tensors.length === 0) return new Float32Array()
  return tf.tidy(() => {
    const fast = kernels()
    const sums = fast
      ? fast.run('RecurlabSquares', { count: tensors.length }, tensors, 1)[0]!
      : tf.stack(tensors.map((tensor) => tf.tidy(() => tf.sum(tf.square(tensor)))))
    return Float32Array.from(sums.dataSync())
  })
}
