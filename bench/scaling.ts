import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConfigInput } from '../lib/config/schema.js'
import { chosenNames } from './only.js'
import type { ScalingAnswer, ScalingRequest } from './scaling-peer.js'
import { runTypeScript, Worker } from './worker.js'

/** What is measured. */
export interface ScalingOptions {
  /** Names of {@link sweeps}; default: all. */
  readonly only?: readonly string[]
  /** Keys that differ from those of {@link base}. */
  readonly config?: ConfigInput
  readonly onProgress?: (line: string) => void
}

/** The estimate of one configuration, and what then happened. */
export interface ScalingMeasurement {
  /** The key that grows, and its value. */
  readonly key: string
  readonly value: string
  readonly microBatch: number
  /** Of a supervision step with its update, corrected by the canary. */
  readonly predictedSeconds: number
  /** The same by the cost model alone, before a few steps are made to check it. */
  readonly modelledSeconds: number
  readonly seconds: number
  /** Most bytes of tensors, predicted. */
  readonly predictedBytes: number
  /** What the process then grew by: with what the allocators keep. */
  readonly grownBytes: number
}

/** The model and batch that one key at a time is changed of: between the pocket's and the paper's. */
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

/** By the name of what grows: its values. L is the box's: 16, 36 and 81 cells. */
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
 * Compares the estimate before a run with what a step then costs, as T, n, layers, D, L and the batch grow. Estimate and
 * steps have a process each, as in a user's run.
 *
 * @throws UserError for an unknown name, or keys that do not fit together
 */
export async function benchScaling(options: ScalingOptions = {}): Promise<ScalingMeasurement[]> {
  const names = chosenNames(options.only, Object.keys(sweeps))
  const measurements: ScalingMeasurement[] = []
  for (const key of names)
    for (const change of sweeps[key]!) {
      const config = { ...base, ...options.config, ...change }
      const value = Object.values(change).join(' ')
      options.onProgress?.(`${key}=${value}`)
      const estimate = await ask({ do: 'estimate', config })
      const real = await ask({ do: 'measure', config, microBatch: estimate.microBatch })
      measurements.push({
        key,
        value,
        microBatch: estimate.microBatch,
        // A machine that was slower while the estimate was made is not the estimate's fault.
        predictedSeconds: (estimate.seconds * real.canary) / estimate.canary,
        modelledSeconds: (estimate.modelled * real.canary) / estimate.canary,
        seconds: real.seconds,
        predictedBytes: estimate.peakBytes,
        grownBytes: real.peakBytes,
      })
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
