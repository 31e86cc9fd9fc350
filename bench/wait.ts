import { setTimeout } from 'node:timers/promises'
import { startBackend } from '../lib/backend/index.js'
import { parseConfig } from '../lib/config/parse.js'
import { resolveConfig } from '../lib/config/resolved.js'
import type { ConfigInput } from '../lib/config/schema.js'
import type { Batch } from '../lib/data/dataset.js'
import type { TrainingBatches } from '../lib/data/sampler.js'
import { datasetOf } from '../lib/experiment/data/dataset.js'
import { chooseDtype } from '../lib/experiment/run/dtype.js'
import { newBatchesAhead, newSampler, stepOptions, totalSteps } from '../lib/experiment/run/resolve.js'
import { configuredShape } from '../lib/model/configured.js'
import { disposeModel, initialModel } from '../lib/model/model.js'
import { presets } from '../lib/tasks/presets.js'
import type { BatchesAhead } from '../lib/train/ahead.js'
import { disposeState, initialState, trainStep } from '../lib/train/step.js'
import { chosenNames } from './only.js'

/** The time that a step waits for its batch. */
export interface WaitMeasurement {
  readonly work: string
  readonly batch: number
  readonly trainSteps: number
  /** Mean seconds of preparing a batch (sampling, augmenting, laying out) in the training thread. */
  readonly batchSeconds: number
  /** Mean and maximum seconds that a step waits for its batch when another thread prepares it ahead, as in training. */
  readonly waitSeconds: number
  readonly longestSeconds: number
  /** Mean seconds of the rest of a step. */
  readonly stepSeconds: number
  /** Whether another thread prepares the batches: not if they are only copied. */
  readonly ahead: boolean
}

interface WaitWork {
  readonly config: ConfigInput
  readonly trainSteps: number
}

/** The works by name: presets on generated puzzles, with as many rows as fill a step of a few seconds. */
export const waitWorks: Readonly<Record<string, WaitWork>> = {
  'sudoku-pocket': { config: { ...presets['sudoku-pocket']!.config, T: 3, n: 6 }, trainSteps: 200 },
  'sudoku-paper': {
    config: {
      ...presets['sudoku-paper']!.config,
      ...{ data: null, box: '3x3', trainPuzzles: 100, testPuzzles: 1, augment: 'fresh', batch: 32 },
    },
    trainSteps: 10,
  },
  'maze-paper': {
    config: { ...presets['maze-paper']!.config, data: null, size: 30, trainPuzzles: 20, testPuzzles: 1, batch: 4 },
    trainSteps: 10,
  },
  'arc-1-paper': {
    config: { ...presets['arc-1-paper']!.config, data: null, trainPuzzles: 20, testPuzzles: 1, batch: 4 },
    trainSteps: 5,
  },
}

/**
 * Trains and measures how long a step waits for its batch, and how long preparing it takes.
 *
 * @param only names of works; default: all
 * @param trainSteps default: each work's own number
 * @throws UserError for an unknown work
 */
export async function benchWait(only?: readonly string[], trainSteps?: number): Promise<WaitMeasurement[]> {
  const names = chosenNames(only, Object.keys(waitWorks))
  await startBackend()
  const measurements: WaitMeasurement[] = []
  for (const name of names) measurements.push(await measure(name, waitWorks[name]!, trainSteps))
  return measurements
}

async function measure(
  work: string,
  { config: input, trainSteps: own }: WaitWork,
  asked?: number,
): Promise<WaitMeasurement> {
  const config = parseConfig(input)
  const resolved = resolveConfig(config)
  const data = await datasetOf(config)
  const model = initialModel(configuredShape(resolved, data.manifest), config.seed).with({
    dtype: chooseDtype(config.dtype),
  })
  const state = initialState(model, config.batch, config.ema, config.seed)
  const options = stepOptions(resolved, totalSteps(resolved, data))
  const trainSteps = asked ?? own
  const here = timed(newSampler(resolved, data), trainSteps, (batch) => void trainStep(state, batch, options))
  const batches = newBatchesAhead(resolved, data, 0)
  const ahead = await begins(batches)
  const other = timed(batches, trainSteps, (batch) => void trainStep(state, batch, options))
  batches.close()
  disposeState(state)
  disposeModel(model)
  return {
    ...{ work, batch: config.batch, trainSteps, ahead },
    batchSeconds: here.waited,
    waitSeconds: other.waited,
    longestSeconds: other.longest,
    stepSeconds: other.rest,
  }
}

/** Draws batches until the thread prepares them. @returns whether it does */
async function begins(batches: BatchesAhead): Promise<boolean> {
  for (let waited = 0; !batches.ahead && waited < THREAD_MS; waited += 50) {
    batches.next()
    await setTimeout(50)
  }
  return batches.ahead
}

/** Time limit for the thread to start, in milliseconds. */
const THREAD_MS = 5000

/** Returns the mean seconds of a step, without the first one. */
function timed(
  batches: TrainingBatches,
  trainSteps: number,
  train: (batch: Batch) => void,
): { waited: number; longest: number; rest: number } {
  train(batches.next())
  let [waited, rest, longest] = [0, 0, 0]
  for (let step = 0; step < trainSteps; step++) {
    const started = performance.now()
    const batch = batches.next()
    const ready = performance.now()
    train(batch)
    const seconds = (ready - started) / 1000
    waited += seconds / trainSteps
    rest += (performance.now() - ready) / 1000 / trainSteps
    longest = Math.max(longest, seconds)
  }
  return { waited, longest, rest }
}
