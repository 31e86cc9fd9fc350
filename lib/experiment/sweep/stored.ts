import { isDeepStrictEqual } from 'node:util'
import type { Dataset } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { RunInUse } from '../../results/run.js'
import { runWork } from '../estimate/work.js'
import type { RunObserver } from '../run/observer.js'
import { whenCancelled } from './cancel.js'
import { statusReader } from './coverage.js'
import { metricHashes } from './earlier.js'
import { storeFailure } from './failures.js'
import { isEvaluatedAt, nextStop } from './halving.js'
import { checkCode, type SweepPlan } from './plan.js'
import type { PlannedSweep } from './plan-sweep.js'
import type { SweepOptions } from './sweep.js'
import { loadSweepFile } from './sweep-file.js'
import { plannedData, trainPlanned } from './train-planned.js'

/**
 * Returns the metrics of a plan's runs, which its module holds; the module's mixers, losses and tasks are known afterwards.
 *
 * @throws UserError when the code or the module has changed since the plan was made, or a notebook cell defined the metrics.
 */
export async function plannedMetrics(plan: SweepPlan): Promise<Metrics> {
  checkCode(plan)
  const file = plan.module === null ? null : await loadSweepFile(plan.module)
  const metrics = file?.options?.metrics ?? {}
  if (isDeepStrictEqual(metricHashes(metrics), plan.metrics)) return metrics
  throw new UserError({
    where: `sweep ${plan.id}`,
    expected: `the metrics that it was planned with (${Object.keys(plan.metrics).join(', ') || 'none'})`,
    found: plan.module === null ? 'none: a notebook cell defined them' : `others in ${plan.module}`,
    todo: plan.module === null ? 'Run that cell again.' : 'Plan the sweep again.',
  })
}

/**
 * Returns a stored plan with what a process needs to train its runs.
 *
 * @throws UserError when the code or a data set has changed since the plan was made.
 */
export async function plannedSweep(plan: SweepPlan): Promise<PlannedSweep & { readonly options: SweepOptions }> {
  const metrics = await plannedMetrics(plan)
  const sets = new Map<string, Dataset>()
  const works = []
  for (const planned of plan.runs) {
    const data = sets.get(planned.hashes.data) ?? (await plannedData(plan, planned))
    // Only the last one is kept: data sets can be large.
    if (!sets.has(planned.hashes.data)) sets.clear()
    sets.set(planned.hashes.data, data)
    works.push(runWork(planned.config, data))
  }
  return {
    plan,
    works,
    notes: [],
    store: () => plan,
    dataOf: (index) => plannedData(plan, plan.runs[index]!),
    options: { metrics },
  }
}

/**
 * Trains one run of a plan in this process, without a sweep around it, to its end or to the step at which it waits for a decision of
 * successive halving.
 *
 * @returns how it ended; a run that another process works on counts as stopped
 * @throws UserError when the code or its data set has changed since the plan was made.
 */
export async function trainOne(
  plan: SweepPlan,
  index: number,
  observer: RunObserver,
  signal: AbortSignal,
): Promise<'done' | 'waits' | 'failed' | 'stopped'> {
  const planned = plan.runs[index]!
  const { state } = statusReader(plan)(index)
  if (state === 'done' || state === 'ended') return 'done'
  const metrics = await plannedMetrics(plan)
  const stopAt = nextStop(plan, index)
  const stop = new AbortController()
  const ended = whenCancelled(plan, () => stop.abort())
  try {
    const data = await plannedData(plan, planned)
    const run = await trainPlanned(plan, planned, {
      data,
      observer,
      signal: AbortSignal.any([signal, stop.signal]),
      estimate: plan.estimate,
      metrics,
      stopAt,
    })
    if (run.state === 'finished') return 'done'
    return run.status.step >= stopAt && isEvaluatedAt(plan, index, stopAt) ? 'waits' : 'stopped'
  } catch (error) {
    if (error instanceof RunInUse || error instanceof Interrupted) {
      process.stderr.write(`${error.message}\n`)
      return 'stopped'
    }
    if (!(error instanceof UserError)) throw error
    // First the reason: on a full disk it cannot be stored.
    process.stderr.write(`recurlab: ${error.message}\n`)
    storeFailure(plan, planned.run, error.message)
    return 'failed'
  } finally {
    ended()
  }
}
