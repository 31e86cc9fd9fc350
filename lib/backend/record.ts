import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from './start.js'
import type { BackendChoice } from './types.js'

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

/** The backend in a run's record: every reproducible field of {@link BackendChoice}. */
export type BackendRecord = Omit<BackendChoice, 'loadMs'>

/**
 * Returns the backend in use for a run's record, and starts it if necessary. @throws UserError as {@link startBackend}
 */
export async function backendRecord(): Promise<BackendRecord> {
  const { loadMs: _, ...record } = await startBackend()
  return record
}
