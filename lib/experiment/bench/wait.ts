import { startBackend } from '../../backend/index.js'
import { parseConfig } from '../../config/parse.js'
import { presets } from '../../config/presets/index.js'
import type { ConfigInput } from '../../config/schema.js'
import { createModel, disposeModel } from '../../model/weights.js'
import { disposeState, initialState, trainStep } from '../../train/step.js'
import { datasetOf } from '../dataset.js'
import { chooseDtype } from '../dtype.js'
import { modelShape, newSampler, stepOptions, totalSteps } from '../resolve.js'
import { chosenNames } from './only.js'

/** What a step waits for its batch. */
export interface WaitMeasurement {
  readonly work: string
  readonly batch: number
  readonly steps: number
  /** Of a step, on average: preparing its batch (sampling, augmenting, laying out), and all else. */
  readonly batchSeconds: number
  readonly stepSeconds: number
  /** Of the batch that took longest. */
  readonly longestSeconds: number
}

interface WaitWork {
  readonly config: ConfigInput
  readonly steps: number
}

/** The works by name: presets on generated puzzles, with as many rows as a step of seconds has. */
export const waitWorks: Readonly<Record<string, WaitWork>> = {
  'sudoku-pocket': { config: presets['sudoku-pocket']!.config, steps: 200 },
  'sudoku-paper': {
    config: {
      ...presets['sudoku-paper']!.config,
      ...{ data: null, box: '3x3', trainPuzzles: 100, testPuzzles: 1, augment: 'fresh', batch: 32 },
    },
    steps: 10,
  },
  'maze-paper': {
    config: { ...presets['maze-paper']!.config, data: null, size: 30, trainPuzzles: 20, testPuzzles: 1, batch: 4 },
    steps: 10,
  },
  'arc-1-paper': {
    config: { ...presets['arc-1-paper']!.config, data: null, trainPuzzles: 20, testPuzzles: 1, batch: 4 },
    steps: 5,
  },
}

/**
 * Trains and measures what share of a step goes into preparing its batch.
 *
 * @param only names of works; default: all
 * @param steps default: each work's own
 * @throws UserError for an unknown work
 */
export async function benchWait(only?: readonly string[], steps?: number): Promise<WaitMeasurement[]> {
  const names = chosenNames(only, Object.keys(waitWorks))
  await startBackend()
  const measurements: WaitMeasurement[] = []
  for (const name of names) measurements.push(await measure(name, waitWorks[name]!, steps))
  return measurements
}

async function measure(
  work: string,
  { config: input, steps: own }: WaitWork,
  asked?: number,
): Promise<WaitMeasurement> {
  const config = parseConfig(input)
  const data = await datasetOf(config)
  const sampler = newSampler(config, data)
  const model = { ...createModel(modelShape(config, data.manifest), config.seed), dtype: chooseDtype(config.dtype) }
  const state = initialState(model, config.batch, config.ema, config.seed)
  const options = stepOptions(config, totalSteps(config, data))
  trainStep(state, sampler.next(), options)
  const steps = asked ?? own
  let [batchSeconds, stepSeconds, longestSeconds] = [0, 0, 0]
  for (let step = 0; step < steps; step++) {
    const started = performance.now()
    const batch = sampler.next()
    const ready = performance.now()
    trainStep(state, batch, options)
    const waited = (ready - started) / 1000
    batchSeconds += waited / steps
    stepSeconds += (performance.now() - ready) / 1000 / steps
    longestSeconds = Math.max(longestSeconds, waited)
  }
  disposeState(state)
  disposeModel(model)
  return { work, batch: config.batch, steps, batchSeconds, stepSeconds, longestSeconds }
}
