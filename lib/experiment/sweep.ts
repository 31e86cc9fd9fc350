import { parseConfig } from '../config/parse.js'
import type { Config, ConfigInput } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { Interrupted } from '../errors.js'
import { openRun, type RunRecord } from '../results/run.js'
import { withDataKeys } from './dataset.js'
import { expandGrid, type Grid } from './grid.js'
import { loadRun } from './load.js'
import { modelShape, totalSteps } from './resolve.js'
import { resume } from './resume.js'
import { type FinishedRun, Runs } from './runs.js'
import { earlierRuns } from './sweep-resume.js'
import { type TrainOptions, train } from './train.js'
import { type Watch, watched } from './watch.js'

/** What {@link sweep} can be told beside what `train` can. */
export interface SweepOptions extends TrainOptions {
  /**
   * Whether stored runs of the same configuration, data and first weights are taken over: finished ones as they are,
   * stopped ones go on. Default false: every run is made anew.
   */
  readonly resume?: boolean
}

/**
 * Trains every combination of a grid, one run after the other, and returns the runs for comparison.
 * In a notebook a line of progress and live curves are shown; in a terminal, lines of text.
 *
 * All configurations are checked before the first run starts. A sweep that was stopped goes on when it is called again with
 * the same arguments and `resume: true`.
 *
 * @example
 * const runs = await sweep({ hidden: 64, lr: 1e-3 }, { mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, data)
 *
 * @param base what all runs share
 * @param grid values per key, every combination; or a list of such grids, one after the other
 * @throws UserError for a wrong configuration; Interrupted when the user stops the notebook's cell: what was made is saved.
 */
export async function sweep(
  base: ConfigInput,
  grid: Grid | readonly Grid[],
  data: Dataset,
  options: SweepOptions = {},
): Promise<Runs> {
  const configs = expandGrid(base, grid).map((input) => parseConfig(input))
  for (const config of configs) modelShape(config, data.manifest)
  const steps = configs.map((config) => totalSteps(config, data))
  const known = configs.map((config) => withDataKeys(config, data.manifest))
  const earlier = options.resume ? await earlierRuns(known, data, options) : []
  return watched(options, configs, steps, async (watch) => {
    const runs: FinishedRun[] = []
    for (const [index, config] of configs.entries()) {
      if (watch.signal?.aborted) break
      runs.push(await oneRun(config, data, earlier[index] ?? null, index, watch, options))
    }
    if (watch.throws && !isWhole(runs, configs.length, options.resultsDir)) throw stoppedSweep(runs, configs.length)
    return new Runs(runs)
  })
}

/** Makes a run, or goes on with it, or takes it over. */
async function oneRun(
  config: Config,
  data: Dataset,
  earlier: RunRecord | null,
  index: number,
  { observer, takeOver, signal }: Watch,
  { resultsDir, init }: SweepOptions,
): Promise<FinishedRun> {
  const where = resultsDir === undefined ? {} : { resultsDir }
  if (earlier?.state === 'finished') {
    const run = loadRun(earlier.id, resultsDir)
    takeOver(index, run)
    return run
  }
  const watch = { observer: observer(index), ...(signal ? { signal } : {}) }
  const id = earlier
    ? await resume(earlier.id, { ...where, ...watch, data })
    : await train(config, data, { ...where, ...watch, ...(init ? { init } : {}) })
  return loadRun(id, resultsDir)
}

/** The last run may have come to its end when the stop came. */
function isWhole(runs: readonly FinishedRun[], count: number, resultsDir: string | undefined): boolean {
  const last = runs.at(-1)
  return runs.length === count && (last === undefined || openRun(last.id, resultsDir).state === 'finished')
}

function stoppedSweep(runs: readonly FinishedRun[], count: number): Interrupted {
  const last = runs.at(-1)
  const where = last ? `in run ${runs.length} of ${count} (${last.id}), saved` : `before the first of ${count} runs`
  return new Interrupted(`stopped ${where}: go on with the same call and { resume: true } as its last argument`)
}
