import * as tf from '@tensorflow/tfjs-core'

/** tf.tidy for any result: every tensor made inside is freed but those in the result, however it is structured. */
export function tidy<T>(work: () => T): T {
  return tf.tidy(work as () => tf.TensorContainer) as T
}
