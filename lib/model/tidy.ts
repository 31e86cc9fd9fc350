import * as tf from '@tensorflow/tfjs-core'

/** Runs tf.tidy for any result: frees every tensor made inside except those in the result, however it is nested. */
export function tidy<T>(work: () => T): T {
  return tf.tidy(work as () => tf.TensorContainer) as T
}
