import { startBackend } from '../../backend/index.js'
import { isFunctionRecord } from '../../config/functions.js'
import { askedConfig } from '../../config/resolved.js'
import type { ConfigInput } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted } from '../../errors.js'
import { type Metrics, recordMetrics } from '../../evaluate/own-metrics.js'
import { newLabel } from '../../results/label.js'
import type { RunRecord } from '../../results/run.js'
import { Runs } from '../compare/runs.js'
import { runConfig } from '../data/dataset.js'
import { type Estimate, estimateMemory } from '../estimate/memory.js'
import { type RunWork, runWork } from '../estimate/work.js'
import type { RunPlan } from '../run/begin.js'
import { checkEnding } from '../run/ending.js'
import { tryFunctions } from '../run/functions.js'
import { loadRun } from '../run/load.js'
import { makeRun } from '../run/make-run.js'
import { AGAIN, againWith } from '../run/stop.js'
import type { TrainOptions } from '../run/train.js'
import { type Watch, watched } from '../watch/watch.js'
import { earlierRuns, stepsBefore } from './earlier.js'
import { refuseEqualRows } from './equal-rows.js'
import { type DataAndOptions, DataSets, dataAndOptions, withDataSets } from './given-data.js'
import { expandGrid, type Grid, refuseDataKeys } from './grid.js'

/** Options of {@link sweep}: those of `train`, for each run. */
export type SweepOptions = TrainOptions

/**
 * Trains every combination of a grid, one run after the other, and returns the runs for comparison. A notebook shows a
 * progress line and live curves; a terminal, lines of text.
 *
 * All configurations are checked before the first run starts. Without a data set, each run uses that of its own
 * configuration, so that the grid can vary the data; each data set is made once. Calling a stopped sweep again with the
 * same arguments and `resume: true` continues it.
 *
 * @example
 * const runs = await sweep({ hidden: 64, lr: 1e-3 }, { mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, data)
 * const harder = await sweep({ hidden: 64, lr: 1e-3 }, { clues: [6, 5, 4] })
 *
 * @param base the keys that all runs share
 * @param grid values per key, every combination; or a list of such grids. Named values,
 * `{ recursion: { paper: trm(3, 6), mine } }`, are shown by their names
 * @throws UserError for an invalid configuration, a data key in the grid when a data set is given, and duplicate runs;
 * Interrupted if the user stops the notebook cell: completed work is saved.
 */
export function sweep(
  base: ConfigInput,
  grid: Grid | readonly Grid[],
  data: Dataset,
  options?: SweepOptions,
): Promise<Runs>
export function sweep(base: ConfigInput, grid: Grid | readonly Grid[], options?: SweepOptions): Promise<Runs>
export async function sweep(
  base: ConfigInput,
  grid: Grid | readonly Grid[],
  ...rest: DataAndOptions<SweepOptions>
): Promise<Runs> {
  const { given, options } = dataAndOptions(rest)
  // An invalid name is refused before data are made.
  newLabel(options ?? {})
  recordMetrics(options?.metrics ?? {})
  const grids = expandGrid(base, grid)
  const inputs = grids.map(({ input }) => input)
  const names = grids.map((row) => row.names)
  if (given) refuseDataKeys(grid)
  const sets = new DataSets(given)
  const rows = await withDataSets(inputs, sets, options?.observer !== undefined, (input, data) =>
    checkedRow(input, data, options?.metrics),
  )
  refuseEqualRows(rows)
  const { runs: earlier, notes } = await earlierRuns(rows, options ?? {})
  const works = rows.map(({ work }) => work)
  const work = async (watching: Watch): Promise<Runs> => {
    const { observer, signal, throws, takeOver } = watching
    const made: RunRecord[] = []
    for (const note of notes) watching.note(note)
    await tryOwnFunctions(works)
    const estimates = options?.estimate === false ? [] : await memoryOfRuns(works, earlier, watching)
    for (const [index, { input, data: _, work: __, ...row }] of rows.entries()) {
      if (signal?.aborted) break
      const estimate = estimates[index]
      const plan: RunPlan = { ...row, data: await sets.of(input), ...(estimate ? { estimate } : {}) }
      const watch = { observer: observer(index), estimate: options?.estimate ?? true, ...(signal ? { signal } : {}) }
      made.push(await makeRun(plan, earlier[index] ?? null, options ?? {}, watch, (run) => takeOver(index, run)))
    }
    // The last run may have ended just as the stop arrived.
    const whole = made.length === rows.length && made.every(({ state }) => state === 'finished')
    if (throws && !whole) throw stoppedSweep(made, rows.length, options)
    return new Runs(made.map(({ id }, i) => ({ ...loadRun(id, options?.resultsDir), names: names[i]! })))
  }
  return watched(options ?? {}, works, stepsBefore(earlier), work, names)
}

/** Tests custom mixers and losses, so that a failing one fails before the first run. */
async function tryOwnFunctions(works: readonly RunWork[]): Promise<void> {
  const own = works.filter(({ config }) => isFunctionRecord(config.mixer) || isFunctionRecord(config.loss))
  if (own.length > 0) await startBackend()
  for (const { config, shape } of own) tryFunctions(config, shape)
}

/**
 * Estimates the memory of unfinished runs, once for those of equal work, so that a run which does not fit is refused before
 * the first starts. Returns nothing for a single run, which makes its own estimate.
 */
async function memoryOfRuns(
  works: readonly RunWork[],
  earlier: readonly (RunRecord | null)[],
  { observer, signal, plan }: Watch,
): Promise<readonly (Estimate | null)[]> {
  const made = works.map((_, index) => earlier[index]?.state !== 'finished')
  if (made.filter(Boolean).length < 2) return []
  await startBackend()
  observer(made.indexOf(true)).onEstimating?.()
  const known = new Map<string, Estimate>()
  const estimates: (Estimate | null)[] = []
  for (const [index, work] of works.entries()) {
    // Lets a stop signal arrive.
    await new Promise((resolve) => setImmediate(resolve))
    if (signal?.aborted) return []
    const estimate = made[index] ? (known.get(work.key) ?? estimateMemory(work)) : null
    if (estimate) known.set(work.key, estimate)
    estimates.push(estimate)
  }
  plan(estimates)
  return estimates
}

/** A run of a sweep without its puzzles, which can be large. */
interface Row extends Omit<RunPlan, 'data'> {
  readonly input: ConfigInput
  readonly data: Pick<Dataset, 'hash'>
  readonly work: RunWork
}

function checkedRow(input: ConfigInput, data: Dataset, metrics: Metrics | undefined): Row {
  const config = runConfig(input, data)
  checkEnding(config, data, metrics)
  const work = runWork(config, data)
  const { resolved, trainSteps } = work
  return { input, asked: askedConfig(input), config, resolved, trainSteps, data: { hash: data.hash }, work }
}

function stoppedSweep(made: readonly RunRecord[], count: number, options: SweepOptions | undefined): Interrupted {
  const last = made.at(-1)
  if (!last) return new Interrupted(`stopped before the first of ${count} runs: ${AGAIN}`)
  return new Interrupted(
    `stopped in run ${made.length} of ${count} (${last.id}), saved: ${againWith('sweep', options)}`,
  )
}
