import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConfigInput } from '../lib/config/schema.js'
import { chosenNames } from './only.js'
import type { ScalingAnswer, ScalingRequest } from './scaling-peer.js'
import { runTypeScript, Worker } from './worker.js'

/** Options of the measurement. */
export interface ScalingOptions {
  /** Names of {@link sweeps}; default: all. */
  readonly only?: readonly string[]
  /** Keys that differ from {@link base}. */
  readonly config?: ConfigInput
  readonly onProgress?: (line: string) => void
}

/** The estimates of one configuration and its measurements. */
export interface ScalingMeasurement {
  /** The varied key, and its value. */
  readonly key: string
  readonly value: string
  readonly microBatch: number
  /** Seconds that the estimate of memory takes. */
  readonly estimateSeconds: number
  /** Seconds of a step with its update. */
  readonly stepSeconds: number
  /** Seconds into a short run until its progress line knows the time left. */
  readonly knownAfterSeconds: number
  /** Length of that run, as predicted then and as measured. */
  readonly predictedSeconds: number
  readonly seconds: number
  /** Peak bytes of a step, estimated before the first one. */
  readonly predictedBytes: number
  /** Bytes that the process grew by, including those that the allocators keep. */
  readonly grownBytes: number
}

/** The configuration of which one key at a time is varied: between the pocket's and the paper's. */
export const base: ConfigInput = {
  task: 'sudoku',
  box: '2x3',
  trainPuzzles: 100,
  testPuzzles: 10,
  mixer: 'mlp',
  hidden: 256,
  heads: 4,
  T: 2,
  n: 3,
  layers: 2,
  batch: 32,
  evalSupervisionSteps: 1,
}

/** The values of each varied key. The box sets L: 16, 36 and 81 cells. */
export const sweeps: Readonly<Record<string, readonly ConfigInput[]>> = {
  n: [{ n: 1 }, { n: 3 }, { n: 6 }],
  T: [{ T: 1 }, { T: 3 }, { T: 6 }],
  layers: [{ layers: 1 }, { layers: 3 }, { layers: 6 }],
  hidden: [{ hidden: 64 }, { hidden: 128 }, { hidden: 512 }],
  box: [{ box: '2x2' }, { box: '2x3' }, { box: '3x3' }],
  batch: [{ batch: 8 }, { batch: 64 }, { batch: 128 }],
  microBatch: [
    { batch: 64, microBatch: 32 },
    { batch: 64, microBatch: 16 },
  ],
  mixer: [
    { mixer: 'attention', positions: 'rope' },
    { mixer: 'attention', positions: 'rope', box: '3x3' },
  ],
}

const peer = path.join(path.dirname(fileURLToPath(import.meta.url)), 'scaling-peer.ts')

/**
 * Compares the memory estimate before a run with the growth of the process in its steps, and the length that the progress
 * line predicts in the first seconds of a short run with its real length, as T, n, layers, D, L and the batch grow. The
 * estimate, the steps and the run each have their own process.
 *
 * @throws UserError for an unknown name, or incompatible keys
 */
export async function benchScaling(options: ScalingOptions = {}): Promise<ScalingMeasurement[]> {
  const names = chosenNames(options.only, Object.keys(sweeps))
  const measurements: ScalingMeasurement[] = []
  for (const key of names)
    for (const change of sweeps[key]!) {
      const config = { ...base, ...options.config, ...change }
      const value = Object.values(change).join(' ')
      options.onProgress?.(`${key}=${value}`)
      const { microBatch, bytes: predictedBytes, seconds: estimateSeconds } = await ask({ do: 'estimate', config })
      const { bytes: grownBytes, seconds: stepSeconds } = await ask({ do: 'steps', config, microBatch })
      const run = await ask({ do: 'run', config, stepSeconds })
      const { seconds, knownAfterSeconds, predictedSeconds } = run
      const times = { estimateSeconds, stepSeconds, knownAfterSeconds, predictedSeconds, seconds }
      measurements.push({ key, value, microBatch, ...times, predictedBytes, grownBytes })
    }
  return measurements
}

async function ask(request: ScalingRequest): Promise<ScalingAnswer> {
  const worker = new Worker('Recurlab', process.execPath, [runTypeScript, peer], {})
  try {
    return await worker.ask<ScalingAnswer>(request)
  } finally {
    worker.stop()
  }
}
