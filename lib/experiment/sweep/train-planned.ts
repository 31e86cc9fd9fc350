import path from 'node:path'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { differingHashes } from '../../files/hash-text.js'
import { openRun, type RunRecord, removeUnsaved, runStatus } from '../../results/run.js'
import { loadDataset } from '../../storage/store.js'
import type { FinishedRun } from '../compare/runs.js'
import { datasetOf } from '../data/dataset.js'
import type { Estimate } from '../estimate/memory.js'
import { runWork } from '../estimate/work.js'
import { makeRun } from '../run/make-run.js'
import type { SessionOptions } from '../run/session.js'
import type { PlannedRun, SweepPlan } from './plan.js'

/** How a planned run is trained. */
export interface TrainPlannedOptions extends SessionOptions {
  readonly data: Dataset
  readonly metrics?: Metrics
  /** The memory of the run, if known. Default: it is estimated first. */
  readonly memory?: Estimate
  /** Called with a run that was already finished. */
  readonly onTakeOver?: (run: FinishedRun) => void
}

/**
 * Begins or resumes a planned run, and trains it until it ends, is stopped, or reaches `stopAt`.
 *
 * @throws RunInUse when another process works on it; UserError when it cannot be made or fails.
 */
export async function trainPlanned(
  plan: SweepPlan,
  { run: id, config, asked }: PlannedRun,
  { data, metrics, memory, onTakeOver = () => {}, ...session }: TrainPlannedOptions,
): Promise<RunRecord> {
  const { resultsDir, init, label } = plan
  const options = { resultsDir, ...label, ...(init ? { init } : {}), ...(metrics ? { metrics } : {}) }
  const planned = { id, asked, work: runWork(config, data), data, ...(memory ? { estimate: memory } : {}) }
  return makeRun(planned, resumable(id, resultsDir), options, session, onTakeOver)
}

/** Returns the run if it is stored; one that ended before its first checkpoint is removed and begun anew. */
function resumable(id: string, resultsDir: string): RunRecord | null {
  if (!runStatus(id, resultsDir)) return null
  const record = openRun(id, resultsDir)
  if (record.state === 'finished' || record.status.checkpoint !== null) return record
  removeUnsaved(record)
  return null
}

/**
 * Returns the data set of a planned run: the stored one, else that of its configuration.
 *
 * @throws UserError when it is missing, or has changed since the plan was made.
 */
export async function plannedData(plan: SweepPlan, { run, config, hashes }: PlannedRun): Promise<Dataset> {
  const isStored = plan.storedData.includes(hashes.data)
  const data = isStored ? loadDataset(storedDataFolder(plan, hashes.data)) : await datasetOf(config)
  if (data.hash === hashes.data) return data
  const [expected, found] = differingHashes(hashes.data, data.hash)
  throw new UserError({
    where: `run ${run} of sweep ${plan.id}`,
    expected: `the data set that the sweep was planned with, hash ${expected}`,
    found: `another, hash ${found}`,
    todo: 'Put it back, or plan the sweep again.',
  })
}

/** Returns the folder of a data set stored with a plan. */
export function storedDataFolder({ dir }: Pick<SweepPlan, 'dir'>, hash: string): string {
  return path.join(dir, 'data', hash.slice(0, 12))
}
