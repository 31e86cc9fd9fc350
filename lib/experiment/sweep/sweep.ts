import { startBackend } from '../../backend/index.js'
import { askedConfig, resolveConfig } from '../../config/resolved.js'
import type { ConfigInput } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted } from '../../errors.js'
import { newLabel } from '../../results/label.js'
import type { RunRecord } from '../../results/run.js'
import { Runs } from '../compare/runs.js'
import { runConfig } from '../data/dataset.js'
import type { RunPlan } from '../run/begin.js'
import { loadRun } from '../run/load.js'
import { makeRun } from '../run/make-run.js'
import { modelShape, totalSteps } from '../run/resolve.js'
import { AGAIN, againWith } from '../run/stop.js'
import type { TrainOptions } from '../run/train.js'
import { type Watch, watched } from '../watch/watch.js'
import { earlierRuns } from './earlier.js'
import { refuseEqualRows } from './equal-rows.js'
import { type DataAndOptions, DataSets, dataAndOptions, withDataSets } from './given-data.js'
import { expandGrid, type Grid, refuseDataKeys } from './grid.js'
import { type CostPlan, planRuns } from './plan.js'

/** Options of {@link sweep}: those of `train`, for each of its runs. */
export type SweepOptions = TrainOptions

/**
 * Trains every combination of a grid, one run after the other, and returns the runs for comparison.
 * In a notebook a line of progress and live curves are shown; in a terminal, lines of text.
 *
 * All configurations are checked before the first run starts. Without a data set each run has the puzzles that its own
 * configuration names, so that the grid can vary them; each data set is made once. A sweep that was stopped goes on when it
 * is called again with the same arguments and `resume: true`.
 *
 * @example
 * const runs = await sweep({ hidden: 64, lr: 1e-3 }, { mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, data)
 * const harder = await sweep({ hidden: 64, lr: 1e-3 }, { clues: [6, 5, 4] })
 *
 * @param base what all runs share
 * @param grid values per key, every combination; or a list of such grids, one after the other
 * @throws UserError for a wrong configuration, a key of the data in the grid beside a data set, and rows that would train the
 * same; Interrupted when the user stops the notebook's cell: what was made is saved.
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
  // A name that cannot be given is told now, not after the estimate.
  newLabel(options ?? {})
  const inputs = expandGrid(base, grid)
  if (given) refuseDataKeys(grid)
  const sets = new DataSets(given)
  const rows = await withDataSets(inputs, sets, options?.observer !== undefined, checkedRow)
  refuseEqualRows(rows)
  const { runs: earlier, notes } = await earlierRuns(rows, options ?? {})
  const configs = rows.map(({ config }) => config)
  const steps = rows.map((row) => row.trainSteps)
  return watched(options ?? {}, configs, steps, async (watching) => {
    const { observer, signal, throws, takeOver } = watching
    const made: RunRecord[] = []
    for (const note of notes) watching.note(note)
    const costs = await planSweep(rows, sets, earlier, watching)
    for (const [index, { input, data: _, ...row }] of rows.entries()) {
      if (signal?.aborted) break
      const plan: RunPlan = { ...row, data: await sets.of(input) }
      const watch = { observer: observer(index), ...(signal ? { signal } : {}) }
      const estimate = costs?.estimates[index]
      const known = { ...options, ...(estimate ? { estimate } : {}) }
      made.push(await makeRun(plan, earlier[index] ?? null, known, watch, (run) => takeOver(index, run)))
    }
    // The last run may have come to its end when the stop came.
    const whole = made.length === rows.length && made.every(({ state }) => state === 'finished')
    if (throws && !whole) throw stoppedSweep(made, rows.length, options)
    return new Runs(made.map(({ id }) => loadRun(id, options?.resultsDir)))
  })
}

/** Tells what all runs that are not finished yet are going to cost; null where there is but one, which tells it itself. */
async function planSweep(
  rows: readonly Row[],
  sets: DataSets,
  earlier: readonly (RunRecord | null)[],
  watch: Watch,
): Promise<CostPlan | null> {
  const left = rows.map(({ config, input, trainSteps }, i) =>
    earlier[i]?.state === 'finished'
      ? null
      : { config, data: () => sets.of(input), left: 1 - (earlier[i]?.status.checkpoint ?? 0) / trainSteps },
  )
  const next = left.findIndex((run) => run !== null)
  if (left.filter((run) => run !== null).length < 2) return null
  await startBackend()
  watch.observer(next).onEstimating?.()
  const plan = await planRuns(left, watch.signal)
  if (!watch.signal?.aborted) watch.plan(plan)
  return plan
}

/** A run of a sweep, without its puzzles: many rows may have many. */
interface Row extends Omit<RunPlan, 'data'> {
  readonly input: ConfigInput
  readonly data: Pick<Dataset, 'hash'>
}

function checkedRow(input: ConfigInput, data: Dataset): Row {
  const config = runConfig(input, data)
  const resolved = resolveConfig(config)
  modelShape(config, data.manifest)
  const trainSteps = totalSteps(resolved, data)
  return { input, asked: askedConfig(input), config, resolved, trainSteps, data: { hash: data.hash } }
}

function stoppedSweep(made: readonly RunRecord[], count: number, options: SweepOptions | undefined): Interrupted {
  const last = made.at(-1)
  if (!last) return new Interrupted(`stopped before the first of ${count} runs: ${AGAIN}`)
  return new Interrupted(
    `stopped in run ${made.length} of ${count} (${last.id}), saved: ${againWith('sweep', options)}`,
  )
}
