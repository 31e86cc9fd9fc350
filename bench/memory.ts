import { rmSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { train } from '../lib/experiment/run/train.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'

/** The memory held after a step, before any evaluation and save that follow it. */
export interface MemoryMeasurement {
  readonly step: number
  /** Number of tensors in the process, and their bytes. */
  readonly tensors: number
  readonly tensorBytes: number
  /** Resident bytes of the process, including the program, the data and memory that the allocators keep for reuse. */
  readonly residentBytes: number
}

/** Length of the training. */
export interface MemoryBenchOptions {
  /** Default 1,000. */
  readonly trainSteps?: number
  /** Rows computed at a time, of 64; default: all. */
  readonly microBatch?: number
}

/** Steps between evaluations, and between saves: both happen before the first measurement. */
const INTERVAL = 5

/**
 * Trains the pocket Sudoku, with its evaluations and saves, and measures memory after 10, 100, 1,000 … steps and the last:
 * the number of tensors must not change.
 */
export async function benchMemory({
  trainSteps = 1000,
  microBatch = 64,
}: MemoryBenchOptions = {}): Promise<MemoryMeasurement[]> {
  const folder = temporaryFolder('memory')
  const data = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 10 })
  const measurements: MemoryMeasurement[] = []
  const onStep = ({ step }: { step: number }): void => {
    if (step !== trainSteps && !(step >= 10 && Number.isInteger(Math.log10(step)))) return
    const { numTensors, numBytes } = tf.memory()
    measurements.push({
      step,
      tensors: numTensors,
      tensorBytes: numBytes,
      residentBytes: process.memoryUsage.rss(),
    })
  }
  // Evaluations are small: with all K steps and more puzzles they would take longer than the training.
  const config = {
    batch: 64,
    microBatch,
    trainSteps,
    evalEvery: INTERVAL,
    evalSupervisionSteps: 2,
    checkpointEvery: INTERVAL,
  }
  try {
    await train(config, data, {
      resultsDir: folder,
      signal: new AbortController().signal,
      observer: { onStep },
    })
    return measurements
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
