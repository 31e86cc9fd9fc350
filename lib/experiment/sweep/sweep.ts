import { askedConfig } from '../../config/resolved.js'
import type { Config, ConfigInput } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import { type Metrics, recordMetrics } from '../../evaluate/own-metrics.js'
import { newLabel } from '../../results/label.js'
import { DEFAULT_RESULTS } from '../../results/layout.js'
import { RunInUse } from '../../results/run.js'
import { type FinishedRun, Runs } from '../compare/runs.js'
import { runConfig } from '../data/dataset.js'
import type { Estimate } from '../estimate/memory.js'
import { type RunWork, runWork } from '../estimate/work.js'
import { checkEnding } from '../run/ending.js'
import { loadRun } from '../run/load.js'
import { AGAIN, againWith } from '../run/stop.js'
import type { TrainOptions } from '../run/train.js'
import { resolveSlurm, type SlurmOptions } from '../slurm/options.js'
import { type Submission, submissionText, submitSweep } from '../slurm/submit.js'
import { type Watch, watched } from '../watch/watch.js'
import { uncancelSweep, whenCancelled } from './cancel.js'
import { costText } from './cost.js'
import { Coverage, type PlannedStatus, statusesOf } from './coverage.js'
import { earlierRuns } from './earlier.js'
import { refuseEqualRows } from './equal-rows.js'
import { failedText, storeFailure } from './failures.js'
import { type DataAndOptions, DataSets, dataAndOptions, withDataSets } from './given-data.js'
import { type Draws, expandGrid, type Grid, refuseDataKeys } from './grid.js'
import { ASK_ABOVE, type Ask, checkAskAbove, confirmCost, notebookAsk } from './guard.js'
import { checkHalving, type HalvingOptions } from './halving.js'
import { makePlan, storePlan } from './make-plan.js'
import type { SweepPlan } from './plan.js'
import { runPool } from './pool.js'
import { isBoundHere, type PrepareWatch, prepareSweep } from './prepare.js'
import { type Task, waitingTasks } from './queue.js'
import { checkWorkers } from './sharing.js'
import { trainPlanned } from './train-planned.js'

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
  const text = submissionText(await submitPlan(planned, options))
  const runs = storedRuns(planned.plan)
  process.stdout.write(`${text}\n${runs.coverage.text()}\n`)
  return runs
}

/** A plan with what this process needs to train its runs. */
export interface PlannedSweep {
  readonly plan: SweepPlan
  /** The work of each run, by index. */
  readonly works: readonly RunWork[]
  /** Sentences for the user on stored runs made by other code. */
  readonly notes: readonly string[]
  /** Returns the data set of a run by its index. */
  dataOf(index: number): Promise<Dataset>
  /** Writes the plan. */
  store(): void
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
  const rows = await withDataSets(inputs, sets, options.observer !== undefined, (input, data) =>
    checkedRow(input, data, options.metrics),
  )
  refuseEqualRows(rows)
  const { runs: earlier, notes } = await earlierRuns(rows, { ...options, resume }, 'every state')
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

/** The runs of a sweep, and how far each of them is. */
export class SweepRuns extends Runs {
  /** How far each planned run is: done, running, interrupted, failed, missing. */
  readonly coverage: Coverage

  constructor(all: readonly FinishedRun[], coverage: Coverage) {
    super(all)
    this.coverage = coverage
  }
}

/** How a sweep asks and reports. */
export interface TrainPlanOptions {
  /** How a long sweep asks whether it may start. Default: the input of the notebook. */
  readonly ask?: Ask
  /** Where its lines go outside a notebook. Default: standard output. */
  readonly stream?: NodeJS.WriteStream
}

/** Checks where a sweep is to be trained. @throws UserError (exit code 2) for another place, or options that it does not take */
function checkPlace({ on = 'here', slurm, halving }: SweepOptions): void {
  const refuse = (expected: string, found: string): never => {
    throw new UserError({ where: 'option on', expected, found, exitCode: 2 })
  }
  if (on !== 'here' && on !== 'slurm') refuse('here or slurm', String(on))
  if (on === 'here' && slurm) refuse("'slurm' beside the options of Slurm", "'here'")
  if (on === 'slurm') resolveSlurm(slurm)
  // Its decisions need all runs of a rung at the same step, and the tasks of an array do not wait for each other.
  if (on === 'slurm' && halving) refuse('no successive halving on Slurm', 'halving')
}

/**
 * Submits the unfinished runs of a plan to Slurm.
 *
 * @throws UserError when a cell defines what they need, the sweep is ended early by successive halving, or sbatch refuses.
 */
export async function submitPlan(planned: PlannedSweep, options: SweepOptions): Promise<Submission> {
  checkPlace({ ...options, on: 'slurm', ...(planned.plan.halving ? { halving: planned.plan.halving } : {}) })
  if (isBoundHere(planned, options))
    throw new UserError({
      where: 'sweep',
      expected: 'functions, metrics and tasks of a file',
      found: 'some of this process, which the nodes of a cluster do not have',
      todo: 'Put them into a FILE.ts that exports base and grid, for recurlab sweep FILE.ts --on slurm.',
      exitCode: 2,
    })
  planned.store()
  return submitSweep(planned.plan, options.slurm)
}

/** Returns the stored runs of a plan, finished or not. */
export function storedRuns(plan: SweepPlan, coverage: Coverage = new Coverage(plan)): SweepRuns {
  const stored = coverage.runs.filter(({ state, step }) => state !== 'missing' && (state !== 'failed' || step > 0))
  const runs = stored.map(({ index, run }) => ({ ...loadRun(run, plan.resultsDir), names: plan.runs[index]!.names }))
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
  const { plan, works, notes } = planned
  uncancelSweep(plan)
  const before = statusesOf(plan)
  const names = plan.runs.map((run) => run.names)
  const work = async (watch: Watch): Promise<SweepRuns> => {
    for (const note of notes) watch.note(note)
    for (const { index, state, message, run } of before) {
      if (state === 'done') watch.takeOver(index, loadRun(run, plan.resultsDir))
      if (state === 'failed') watch.note(`${failedText(run, message)} recurlab sweep retry ${plan.id} tries it again.`)
    }
    if (before.some(({ state }) => state === 'missing' || state === 'interrupted')) {
      const { cost, estimates } = await prepareSweep(planned, options, preparing(watch, before), before)
      watch.cost(costText(cost))
      if (!watch.signal?.aborted) await confirmCost(cost, options.askAbove ?? ASK_ABOVE, ask, watch.signal)
      watch.workers(cost.workers)
      watch.coverage(() => new Coverage(plan).table())
      if (cost.workers === 1) await trainHere(planned, estimates, options, watch)
      else await runPool(plan, { ...watch, works, workers: cost.workers, threads: cost.threads })
    }
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

/** Trains runs in this process, one after the other. */
async function trainHere(
  { plan, dataOf }: PlannedSweep,
  estimates: readonly (Estimate | null)[],
  { metrics, estimate = true }: SweepOptions,
  { signal, observer, note }: Watch,
): Promise<void> {
  const passedOver = new Set<number>()
  const done = new Map<number, PlannedStatus>()
  const cancelled = new AbortController()
  const looked = whenCancelled(plan, () => {
    note('the sweep was cancelled: its run is saved and stopped')
    cancelled.abort()
  })
  const stop = signal ? AbortSignal.any([signal, cancelled.signal]) : cancelled.signal
  try {
    while (!stop.aborted) {
      const [task] = waitingTasks(plan, new Set(), passedOver, done)
      if (!task) return
      await trainTask(task)
    }
  } finally {
    looked()
  }

  async function trainTask({ index, stopAt }: Task): Promise<void> {
    const { run } = plan.runs[index]!
    const memory = estimates[index]
    try {
      await trainPlanned(plan, plan.runs[index]!, {
        data: await dataOf(index),
        observer: observer(index),
        estimate,
        signal: stop,
        ...(metrics ? { metrics } : {}),
        ...(memory ? { memory } : {}),
        ...(stopAt === undefined ? {} : { stopAt }),
      })
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof Interrupted) throw error
      passedOver.add(index)
      if (error instanceof RunInUse) return
      storeFailure(plan, run, error.message)
      note(failedText(run, error.message))
    }
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
