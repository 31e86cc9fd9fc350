import * as tf from '@tensorflow/tfjs-core'

/** Memory at one moment. */
export interface Memory {
  /** Live tensors. */
  readonly tensors: number
  /** Bytes of live tensors. */
  readonly tensorBytes: number
  /** Resident memory of this process, in bytes. */
  readonly residentBytes: number
  /** Peak of {@link residentBytes} since the process started. */
  readonly peakResidentBytes: number
}

/** Returns the current memory use. */
export function memory(): Memory {
  const { numTensors, numBytes } = tf.memory()
  return {
    tensors: numTensors,
    tensorBytes: numBytes,
    residentBytes: process.memoryUsage.rss(),
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  }
}
