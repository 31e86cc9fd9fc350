import { askedConfig } from '../../config/resolved.js'
import type { ConfigInput } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { recordMetrics } from '../../evaluate/own-metrics.js'
import { newLabel } from '../../results/label.js'
import { runConfig } from '../data/dataset.js'
import { runWork } from '../estimate/work.js'
import { earlierRuns, stepsBefore, type TakeOverOptions } from '../sweep/earlier.js'
import { type DataAndOptions, DataSets, dataAndOptions } from '../sweep/given-data.js'
import { watched } from '../watch/watch.js'
import type { BeginOptions } from './begin.js'
import { checkEnding } from './ending.js'
import { makeRun } from './make-run.js'
import { againWith, stoppedRun } from './stop.js'

/**
 * Options of `train`: where the run is stored, its observer, its initial weights, and whether a stored run takes its place.
 */
export interface TrainOptions extends BeginOptions, TakeOverOptions {}

/**
 * Trains one model and returns its run's ID. Without an observer, it shows a progress line and, in a notebook, live curves.
 *
 * @example
 * const id = await train({ hidden: 64, lr: 1e-3 }, data, { resume: true })
 *
 * @param input the configuration; keys left out take their defaults
 * @param data the puzzles; default: the data set of the configuration
 * @throws UserError for an invalid configuration, one that contradicts the data set, weights that do not fit it, or a
 * results folder that cannot be written; Interrupted if the user stops the notebook cell: the run is saved, and the message
 * says how to resume it.
 */
export function train(input: ConfigInput, data: Dataset, options?: TrainOptions): Promise<string>
export function train(input: ConfigInput, options?: TrainOptions): Promise<string>
export async function train(input: ConfigInput, ...rest: DataAndOptions<TrainOptions>): Promise<string> {
  const { given, options } = dataAndOptions(rest)
  // An invalid name is refused before data are made.
  newLabel(options ?? {})
  recordMetrics(options?.metrics ?? {})
  const data = await new DataSets(given).of(input)
  const config = runConfig(input, data)
  checkEnding(config, data, options?.metrics)
  const work = runWork(config, data)
  const plan = { asked: askedConfig(input), work, data }
  const { runs, notes } = await earlierRuns([plan], options ?? {})
  return watched(options ?? {}, [work], stepsBefore(runs), async ({ observer, signal, throws, note, takeOver }) => {
    const watch = { observer: observer(0), estimate: options?.estimate ?? true, ...(signal ? { signal } : {}) }
    for (const text of notes) note(text)
    const { id, state, status } = await makeRun(plan, runs[0] ?? null, options ?? {}, watch, (run) => takeOver(0, run))
    if (throws && state !== 'finished')
      throw stoppedRun({
        step: status.checkpoint ?? 0,
        trainSteps: work.trainSteps,
        again: againWith('train', options),
      })
    return id
  })
}
