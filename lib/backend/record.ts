import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from './start.js'
import type { BackendChoice } from './types.js'

/** Memory at one moment. */
export interface Memory {
  /** Tensors that are alive. */
  readonly tensors: number
  /** Bytes that they hold. */
  readonly tensorBytes: number
  /** Bytes of this process in main memory. */
  readonly residentBytes: number
  /** The most that {@link residentBytes} has been since the process started. */
  readonly peakResidentBytes: number
}

/** What memory holds now. */
export function memory(): Memory {
  const { numTensors, numBytes } = tf.memory()
  return {
    tensors: numTensors,
    tensorBytes: numBytes,
    residentBytes: process.memoryUsage.rss(),
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  }
}

/** The backend as a run's record holds it: everything of {@link BackendChoice} that can be repeated. */
export type BackendRecord = Omit<BackendChoice, 'loadMs'>

/** The backend in use, for a run's record; starts it when nothing has. @throws UserError as {@link startBackend} */
export async function backendRecord(): Promise<BackendRecord> {
  const { loadMs: _, ...record } = await startBackend()
  return record
}
