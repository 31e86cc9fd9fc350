import { startBackend } from '../../backend/index.js'
import { isFunctionRecord } from '../../config/functions.js'
import { isLibraryTask } from '../../tasks/registry.js'
import { type Estimate, estimateMemory } from '../estimate/memory.js'
import type { RunWork } from '../estimate/work.js'
import { tryFunctions } from '../run/functions.js'
import { chooseSharing } from './choose-sharing.js'
import { runBytes, type SweepCost } from './cost.js'
import { type PlannedStatus, statusesOf } from './coverage.js'
import { workShare } from './halving.js'
import type { SweepPlan } from './plan.js'
import type { PlannedSweep } from './plan-sweep.js'
import { mostWorkers } from './sharing.js'
import type { SweepOptions } from './sweep.js'

/** The signal and callbacks of a preparation. */
export interface PrepareWatch {
  readonly signal?: AbortSignal | undefined
  /** Called before memory is estimated. */
  onEstimating?(): void
  /** Called with the memory of the runs by index; null for a finished one. */
  onMemory?(estimates: readonly (Estimate | null)[]): void
}

/** The stored plan of a sweep, and its cost and memory, known before its first run starts. */
export interface PreparedSweep {
  readonly plan: SweepPlan
  readonly cost: SweepCost
  /** Memory of the runs by index: null for a finished one; empty without an estimate. */
  readonly estimates: readonly (Estimate | null)[]
}

/**
 * Returns the cost of the unfinished runs of a plan, and how they are shared among processes. Tests custom functions, and
 * estimates memory, so that what cannot be trained is refused before the first run starts; the plan is stored then.
 *
 * @throws UserError for a custom function that fails, a run that does not fit in memory, or a folder that cannot be written.
 */
export async function prepareSweep(
  planned: PlannedSweep,
  options: SweepOptions,
  watch: PrepareWatch = {},
  statuses: readonly PlannedStatus[] = statusesOf(planned.plan),
): Promise<PreparedSweep> {
  const { works, dataOf, store } = planned
  const open = statuses.filter(({ state }) => state === 'missing' || state === 'interrupted')
  const count = (...states: readonly PlannedStatus['state'][]): number =>
    statuses.filter(({ state }) => states.includes(state)).length
  const counts = {
    runs: statuses.length,
    stored: count('done', 'ended'),
    failed: count('failed'),
    left: open.length,
  }
  if (open.length === 0) {
    const nothing = { workers: 0, threads: 0, seconds: 0, measured: true, diskBytes: 0, memoryBytes: null }
    return { plan: store(), cost: { ...counts, ...nothing }, estimates: [] }
  }
  await tryOwnFunctions(works)
  const estimates = planned.plan.estimate
    ? await memoryOfRuns(works, new Set(open.map(({ index }) => index)), watch)
    : []
  const plan = store()
  const left = open.map(({ index, step }) => ({
    index,
    step,
    work: works[index]!,
    memory: estimates[index] ?? null,
  }))
  const memory = left.map((run) => run.memory).filter((estimate) => estimate !== null)
  const { workers = 'auto' } = options
  const isHere = options.observer !== undefined || isBoundHere(planned, options)
  const sharing = await chooseSharing({
    plan,
    left,
    most: isHere ? 1 : workers === 'auto' ? mostWorkers(estimates, left.length) : Math.min(workers, left.length),
    free: workers === 'auto',
    signal: watch.signal,
    dataOf,
  })
  const share = plan.halving ? workShare(plan.halving) : 1
  const kept = open.filter(({ state }) => state === 'missing').map(({ index }) => runBytes(works[index]!))
  return {
    plan,
    cost: {
      ...counts,
      ...sharing,
      seconds: share * sharing.seconds,
      diskBytes: kept.reduce((sum, bytes) => sum + bytes, 0),
      memoryBytes: memory.length > 0 ? Math.max(...memory.map(({ peakBytes }) => peakBytes)) : null,
    },
    estimates,
  }
}

/** Returns whether runs need what a notebook cell defines, which another process does not have. */
export function isBoundHere({ plan, works }: PlannedSweep, { metrics = {} }: SweepOptions): boolean {
  const isOwn = ({ config }: RunWork): boolean =>
    isFunctionRecord(config.mixer) || isFunctionRecord(config.loss) || !isLibraryTask(config.task)
  return plan.module === null && (Object.keys(metrics).length > 0 || works.some(isOwn))
}

/** Tests custom mixers and losses, so that a failing one fails before the first run. */
async function tryOwnFunctions(works: readonly RunWork[]): Promise<void> {
  const own = works.filter(({ config }) => isFunctionRecord(config.mixer) || isFunctionRecord(config.loss))
  if (own.length > 0) await startBackend()
  for (const { config, shape } of own) tryFunctions(config, shape)
}

/**
 * Estimates the memory of unfinished runs, once for those of equal work, so that a run which does not fit is refused before
 * the first starts.
 *
 * @param left indices of the unfinished runs
 * @returns by index; null for a finished run; empty after a stop
 */
async function memoryOfRuns(
  works: readonly RunWork[],
  left: ReadonlySet<number>,
  { onEstimating, onMemory, signal }: PrepareWatch,
): Promise<readonly (Estimate | null)[]> {
  await startBackend()
  onEstimating?.()
  const known = new Map<string, Estimate>()
  const estimates: (Estimate | null)[] = []
  for (const [index, work] of works.entries()) {
    // Lets a stop signal arrive.
    await new Promise((resolve) => setImmediate(resolve))
    if (signal?.aborted) return []
    const estimate = left.has(index) ? (known.get(work.key) ?? estimateMemory(work)) : null
    if (estimate) known.set(work.key, estimate)
    estimates.push(estimate)
  }
  onMemory?.(estimates)
  return estimates
}
