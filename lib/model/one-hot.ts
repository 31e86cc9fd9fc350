import * as tf from '@tensorflow/tfjs-core'

/**
 * Returns rows that are 1 at their index and 0 elsewhere, float32. Indices `[…]` int32 in [0, depth) → `[…, depth]`.
 */
export function oneHot(indices: tf.Tensor, depth: number): tf.Tensor {
  // With float32 as its dtype, tf.oneHot of the wasm backend of tfjs 4.22 writes the bits of integers.
  return tf.cast(tf.oneHot(indices, depth), 'float32')
}
