import * as tf from '@tensorflow/tfjs-core'
import { collectTensors, freeUnreachableTensors } from '../backend/tensor-garbage.js'
import { currentHost } from '../notebook/host.js'

const host = currentHost()
if (host) {
  freeUnreachableTensors()
  host.atCellEnd('tensors', collectTensors)
}

/**
 * TensorFlow.js as this library computes with it, on the backend that `startBackend`, and whatever makes data or trains, has
 * started. In a notebook a tensor that no variable refers to any more is freed at the end of the cell, so that a cell may be run
 * as often as wanted.
 */
export { tf }
