import * as tf from '@tensorflow/tfjs-core'
import { collectTensors, freeUnreachableTensors } from '../backend/tensor-garbage.js'
import { currentHost } from '../notebook/host.js'

const host = currentHost()
if (host) {
  freeUnreachableTensors()
  host.atCellEnd('tensors', collectTensors)
}

/**
 * TensorFlow.js as this library uses it, on the backend that `startBackend` starts, as do all functions that make data or
 * train. In a notebook, a tensor that no variable refers to is freed when the cell ends, so a cell can be rerun any number
 * of times.
 */
export { tf }
