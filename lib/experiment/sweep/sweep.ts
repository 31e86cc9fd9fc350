import type { ConfigInput } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import { type FinishedRun, Runs } from '../compare/runs.js'
import { loadRun } from '../run/load.js'
import { AGAIN, againWith } from '../run/stop.js'
import type { TrainOptions } from '../run/train.js'
import type { SlurmOptions } from '../slurm/options.js'
import { submissionText } from '../slurm/submit.js'
import { type Watch, watched } from '../watch/watch.js'
import { uncancelSweep } from './cancel.js'
import { costText } from './cost.js'
import { Coverage, type PlannedStatus, statusesOf } from './coverage.js'
import { failedText } from './failures.js'
import { type DataAndOptions, dataAndOptions } from './given-data.js'
import type { Draws, Grid } from './grid.js'
import { ASK_ABOVE, type Ask, confirmCost, notebookAsk } from './guard.js'
import type { HalvingOptions } from './halving.js'
import { planWords, type SweepPlan } from './plan.js'
import { type PlannedSweep, planSweep } from './plan-sweep.js'
import { runPool } from './pool.js'
import { type PrepareWatch, prepareSweep } from './prepare.js'
import { submitPlan } from './submit-plan.js'
import { trainHere } from './train-here.js'

/** Options of {@link sweep}: those of `train` for each run, and how the runs are drawn, shared and ended early. */
export interface SweepOptions extends Omit<TrainOptions, 'resume'>, Draws {
  /**
   * Whether stored runs of the same configuration, data, initial weights, metrics and code are reused: finished ones as they
   * are, stopped ones by resuming them. Default true; with false every run is trained anew.
   */
  readonly resume?: boolean
  /**
   * Number of processes that train runs at the same time, each with its share of the threads. Default `auto`: as many as
   * cores, memory and the size of the models allow. 1 trains in this process, as do sweeps whose functions, metrics or tasks
   * come out of a cell, or that have an observer.
   */
  readonly workers?: number | 'auto'
  /** Ends weak configurations early, by successive halving. Default: every run makes all its steps. */
  readonly halving?: HalvingOptions
  /**
   * Minutes above which a sweep asks before it starts, where a user can answer. Default 30. Its cost is shown in any case: runs,
   * processes, time, disk, memory.
   */
  readonly askAbove?: number
  /** Folder of the plan. Default: one in `RESULTS/sweeps`, which the same call finds again. */
  readonly planDir?: string
  /** Where the runs are trained: on this machine, or as a job array of a cluster. Default `here`. */
  readonly on?: 'here' | 'slurm'
  /** How the job array is submitted. Default: as the cluster does without options. */
  readonly slurm?: SlurmOptions
}

/**
 * Trains every combination of a grid, several at a time, and returns the runs for comparison. A notebook shows a progress
 * line and live curves; a terminal, lines of text.
 *
 * All configurations are checked before the first run starts, and the plan of all runs is stored. Without a data set, each
 * run uses that of its own configuration, so that the grid can vary the data; each data set is made once. A run that is
 * already stored is not trained again. A run that fails does not stop the others; `runs.coverage` says which failed and why.
 * Calling a stopped sweep again with the same arguments continues it. With `on: 'slurm'` the unfinished runs are submitted as
 * a job array, and the call returns at once with the runs that are stored by then; called again later, with those since.
 *
 * @example
 * const runs = await sweep({ hidden: 64, lr: 1e-3 }, { mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, data)
 * const harder = await sweep({ hidden: 64, lr: 1e-3 }, { clues: [6, 5, 4] })
 * const rates = await sweep({ hidden: 64 }, { lr: logUniform(1e-4, 1e-2) }, data, { draws: 20 })
 *
 * @param base the keys that all runs share
 * @param grid values per key, every combination; or a list of such grids. Named values,
 * `{ recursion: { paper: trm(3, 6), mine } }`, are shown by their names; distributions are drawn from
 * @throws UserError for an invalid configuration, a data key in the grid when a data set is given, duplicate runs, and when
 * every run failed, or the user answers no; Interrupted if the user stops the notebook cell: completed work is saved.
 */
export function sweep(
  base: ConfigInput,
  grid: Grid | readonly Grid[],
  data: Dataset,
  options?: SweepOptions,
): Promise<SweepRuns>
export function sweep(base: ConfigInput, grid: Grid | readonly Grid[], options?: SweepOptions): Promise<SweepRuns>
export async function sweep(
  base: ConfigInput,
  grid: Grid | readonly Grid[],
  ...rest: DataAndOptions<SweepOptions>
): Promise<SweepRuns> {
  const { given, options = {} } = dataAndOptions(rest)
  const planned = await planSweep(base, grid, given, options)
  if (options.on !== 'slurm') return trainPlan(planned, options)
  const { plan, submission } = await submitPlan(planned, options)
  const runs = storedRuns(plan)
  process.stdout.write(`${submissionText(submission)}\n${runs.coverage.text()}\n`)
  return runs
}

/** The runs of a sweep, and how far each of them is. */
export class SweepRuns extends Runs {
  /** How far each planned run is: done, running, interrupted, failed, missing. */
  readonly coverage: Coverage

  constructor(all: readonly FinishedRun[], coverage: Coverage) {
    super(all)
    this.coverage = coverage
  }
}

/** The question and the output of a sweep. */
export interface TrainPlanOptions {
  /** Asks whether a long sweep may start. Default: the input of the notebook. */
  readonly ask?: Ask
  /** Where its lines go outside a notebook. Default: standard output. */
  readonly stream?: NodeJS.WriteStream
}

/** Returns the stored runs of a plan, finished or not. */
export function storedRuns(plan: SweepPlan, coverage: Coverage = new Coverage(plan)): SweepRuns {
  const runs = coverage.stored.map(({ index, run }) => ({
    ...loadRun(run, plan.resultsDir),
    names: plan.runs[index]!.names,
  }))
  return new SweepRuns(runs, coverage)
}

/**
 * Shows the cost of the unfinished runs of a plan, trains them, and returns all stored ones.
 *
 * @throws UserError when no run could be trained; Interrupted if the user stops the notebook cell.
 */
export function trainPlan(
  planned: PlannedSweep,
  options: SweepOptions = {},
  { ask = notebookAsk(), stream }: TrainPlanOptions = {},
): Promise<SweepRuns> {
  const { works, notes } = planned
  uncancelSweep(planned.plan)
  const before = statusesOf(planned.plan)
  const names = planned.plan.runs.map((run) => run.names)
  const work = async (watch: Watch): Promise<SweepRuns> => {
    for (const note of notes) watch.note(note)
    for (const { index, state, message, run } of before) {
      if (state === 'done') watch.takeOver(index, loadRun(run, planned.plan.resultsDir))
      if (state === 'failed')
        watch.note(`${failedText(run, message)} recurlab sweep retry ${planWords(planned.plan)} tries it again.`)
    }
    if (before.every(({ state }) => state !== 'missing' && state !== 'interrupted'))
      return trained(planned.store(), watch, options)
    const { plan, cost, estimates } = await prepareSweep(planned, options, preparing(watch, before), before)
    watch.cost(costText(cost))
    if (!watch.signal?.aborted) await confirmCost(cost, options.askAbove ?? ASK_ABOVE, ask, watch.signal)
    watch.workers(cost.workers)
    watch.coverage(() => new Coverage(plan).table())
    if (cost.workers === 1) await trainHere({ ...planned, plan }, estimates, options, watch)
    else await runPool(plan, { ...watch, works, estimates, workers: cost.workers, threads: cost.threads })
    return trained(plan, watch, options)
  }
  return watched(
    options,
    works,
    before.map(({ step }) => step),
    work,
    names,
    stream,
  )
}

/** Shows the preparation as that of the first unfinished run. */
function preparing({ signal, observer, plan }: Watch, statuses: readonly PlannedStatus[]): PrepareWatch {
  const first = statuses.find(({ state }) => state === 'missing' || state === 'interrupted')
  return { signal, onEstimating: () => observer(first?.index ?? 0).onEstimating?.(), onMemory: plan }
}

/** Returns the stored runs. @throws UserError when all failed; Interrupted when a stopped cell left some unfinished */
function trained(plan: SweepPlan, { signal, throws }: Watch, options: SweepOptions): SweepRuns {
  const coverage = new Coverage(plan)
  if (throws && signal?.aborted && !coverage.isComplete) throw stoppedSweep(coverage, options)
  const failed = coverage.runs.filter(({ state }) => state === 'failed')
  if (failed.length === coverage.runs.length)
    throw new UserError(
      failed.length === 1 ? failed[0]!.message! : `all ${failed.length} runs failed, the first: ${failed[0]!.message}`,
    )
  return storedRuns(plan, coverage)
}

function stoppedSweep(coverage: Coverage, options: SweepOptions): Interrupted {
  const how = options.resume === false ? againWith('sweep', options) : AGAIN
  return new Interrupted(`stopped, saved: ${coverage.text()}; ${how}`)
}
