import { rmSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { train } from '../lib/experiment/run/train.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'

/** What a run holds after a step, before whatever evaluation and save come after it. */
export interface MemoryMeasurement {
  readonly step: number
  /** Tensors of the process, and their bytes. */
  readonly tensors: number
  readonly tensorBytes: number
  /** Bytes of the process that lie in memory: with the program, the data and what the allocators keep for reuse. */
  readonly residentBytes: number
}

/** How long is trained. */
export interface MemoryBenchOptions {
  /** Default 1,000. */
  readonly trainSteps?: number
  /** Rows computed at one time, of 64; default: all. */
  readonly microBatch?: number
}

/** Steps between evaluations, and between saves: both have been made before the first measurement. */
const INTERVAL = 5

/**
 * Trains the pocket Sudoku, with its evaluations and saves, and measures memory after 10, 100, 1,000 … steps and the
 * last: tensors must be as many each time.
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
  // Evaluations are small: of the whole K steps and more puzzles they would take longer than the training.
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
