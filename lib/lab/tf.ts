import * as tf from '@tensorflow/tfjs-core'

/** TensorFlow.js as this library computes with it: on the backend that `startBackend`, and whatever makes data or trains, has started. */
export { tf }
