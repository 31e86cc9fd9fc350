import path from 'node:path'
import { UserError } from '../../errors.js'
import { defaultPlace } from '../../files/places.js'
import { sweepsFolder } from '../../results/layout.js'
import { checkFinished, type PublishedRun, publishRun } from '../../results/publish.js'
import { DEFAULT_RESULTS, openRun, type RunRecord } from '../../results/run.js'
import { Coverage } from '../sweep/coverage.js'
import { createPlan, isSweep, readPlan, type SweepPlan } from '../sweep/plan.js'

/** Results folder of the runs that are published with a project. */
export const PUBLISHED = 'results/published'

/** Options of {@link publish}. */
export interface PublishWhatOptions {
  /** Results folder that the runs are copied into. Default: `results/published`, in a notebook the project's */
  readonly to?: string
  /** Keeps the metrics of the first step, the last one, and every multiple of this. Default: 10 */
  readonly metricsEvery?: number
  /** Results folder that holds the runs. Default: `results`, in a notebook the project's */
  readonly resultsDir?: string
}

/**
 * Copies finished runs, and sweeps with their plans, into a results folder that is small enough for a repository: without
 * checkpoints and data sets. `runs`, `report` and `reproduce` work in it; see {@link publishRun}.
 *
 * @example
 * publish(['mazes-12-runs'])
 * show(runs({}, { resultsDir: 'results/published' }))
 * @param names runs by folder, ID or a prefix of it; sweeps by name, a prefix of it, or folder
 * @throws UserError when one is not known, unfinished or damaged, before anything is written; and when a copy cannot be written.
 */
export function publish(names: readonly string[], options: PublishWhatOptions = {}): PublishedRun[] {
  const { to = defaultPlace(PUBLISHED), resultsDir = DEFAULT_RESULTS, metricsEvery } = options
  const plans: SweepPlan[] = []
  const records = new Map<string, RunRecord>()
  for (const name of names) {
    const plan = isSweep(name, resultsDir) ? readPlan(name, resultsDir) : null
    if (plan) plans.push(plan)
    for (const record of plan ? runsOf(plan) : [openRun(name, resultsDir)]) records.set(record.dir, record)
  }
  for (const record of records.values()) checkFinished(record)
  const copied = [...records.values()].map((record) => publishRun(record, { to, metricsEvery }))
  for (const plan of plans) {
    // Data sets can be large, and nothing is left to train.
    createPlan({ ...plan, dir: path.join(sweepsFolder(to), plan.id), resultsDir: to, storedData: [] })
  }
  return copied
}

function runsOf(plan: SweepPlan): RunRecord[] {
  const coverage = new Coverage(plan)
  if (coverage.count('done') < plan.runs.length)
    throw new UserError({
      where: plan.dir,
      expected: 'a sweep whose runs are all done',
      found: coverage.text(),
      todo: 'The same sweep command trains what is missing.',
    })
  return plan.runs.map(({ run }) => openRun(run, plan.resultsDir))
}
