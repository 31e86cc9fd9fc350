import { askedConfig } from '../../config/resolved.js'
import type { Config, ConfigInput } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { type Metrics, recordMetrics } from '../../evaluate/own-metrics.js'
import { newLabel } from '../../results/label.js'
import { DEFAULT_RESULTS } from '../../results/layout.js'
import { runConfig } from '../data/dataset.js'
import { type RunWork, runWork } from '../estimate/work.js'
import { checkEnding, checkEvaluated } from '../run/ending.js'
import { earlierRuns } from './earlier.js'
import { refuseEqualRows } from './equal-rows.js'
import { DataSets, withDataSets } from './given-data.js'
import { expandGrid, type Grid, refuseDataKeys } from './grid.js'
import { checkAskAbove } from './guard.js'
import { checkHalving, rankedBy } from './halving.js'
import { makePlan, storePlan } from './make-plan.js'
import type { SweepPlan } from './plan.js'
import { checkWorkers } from './sharing.js'
import { checkPlace } from './submit-plan.js'
import type { SweepOptions } from './sweep.js'

/** A plan with what this process needs to train its runs. */
export interface PlannedSweep {
  readonly plan: SweepPlan
  /** The work of each run, by index. */
  readonly works: readonly RunWork[]
  /** Sentences for the user on stored runs made by other code. */
  readonly notes: readonly string[]
  /** Returns the data set of a run by its index. */
  dataOf(index: number): Promise<Dataset>
  /**
   * Writes the plan, unless it is stored already.
   *
   * @returns the stored plan: its runs have other IDs when another process has stored the same sweep since this one was planned
   */
  store(): SweepPlan
}

/**
 * Plans a sweep: checks every configuration and finds stored runs. Nothing is written.
 *
 * @param given the data set of all runs; null for those of their configurations
 * @throws UserError as {@link sweep} does.
 */
export async function planSweep(
  base: ConfigInput,
  grid: Grid | readonly Grid[],
  given: Dataset | null,
  options: SweepOptions & { readonly module?: string } = {},
): Promise<PlannedSweep> {
  const { draws, drawSeed, halving, resume = true, resultsDir = DEFAULT_RESULTS } = options
  // Invalid options are refused before data are made.
  newLabel(options)
  recordMetrics(options.metrics ?? {})
  checkWorkers(options.workers)
  checkAskAbove(options.askAbove)
  checkPlace(options)
  if (halving) checkHalving(halving)
  const grids = expandGrid(base, grid, {
    ...(draws === undefined ? {} : { draws }),
    ...(drawSeed === undefined ? {} : { drawSeed }),
  })
  if (given) refuseDataKeys(grid)
  const sets = new DataSets(given)
  const inputs = grids.map(({ input }) => input)
  const { metrics } = options
  const rows = await withDataSets(inputs, sets, options.observer !== undefined, (input, data) => {
    if (halving) checkEvaluated('option halving.metric', rankedBy(halving), data, metrics)
    return checkedRow(input, data, metrics)
  })
  refuseEqualRows(rows)
  const { runs: earlier, notes, init: initIdentity } = await earlierRuns(rows, { ...options, resume }, 'every state')
  const { name, note, tags, init, estimate, planDir, module } = options
  const label = { ...(name && { name }), ...(note && { note }), ...(tags && { tags }) }
  const plan = makePlan(
    rows.map(({ work, asked, data }, index) => {
      const { config, trainSteps, evaluateEvery } = work
      return { config, asked, names: grids[index]!.names, data, trainSteps, evaluateEvery }
    }),
    earlier,
    {
      resultsDir,
      anew: !resume,
      anyCode: options.otherCode === 'take over',
      label,
      given,
      initIdentity,
      ...(metrics ? { metrics } : {}),
      ...(planDir === undefined ? {} : { planDir }),
      ...(init ? { init } : {}),
      ...(estimate === undefined ? {} : { estimate }),
      ...(halving ? { halving } : {}),
      ...(module === undefined ? {} : { module }),
    },
  )
  return {
    plan,
    works: rows.map(({ work }) => work),
    notes,
    dataOf: (index) => sets.of(inputs[index]!),
    store: () => storePlan(plan, given),
  }
}

/** A checked run of a sweep, without its puzzles, which can be large. */
interface CheckedRow {
  readonly input: ConfigInput
  readonly asked: Partial<Config>
  readonly data: Pick<Dataset, 'hash'>
  readonly work: RunWork
}

function checkedRow(input: ConfigInput, data: Dataset, metrics: Metrics | undefined): CheckedRow {
  const config = runConfig(input, data)
  checkEnding(config, data, metrics)
  return { input, asked: askedConfig(input), data: { hash: data.hash }, work: runWork(config, data) }
}
