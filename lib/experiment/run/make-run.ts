import { openRun, type RunRecord } from '../../results/run.js'
import type { FinishedRun } from '../compare/runs.js'
import { type BeginOptions, beginSession, type RunPlan } from './begin.js'
import { loadRun } from './load.js'
import { resume } from './resume.js'
import { continueSession, type SessionOptions } from './session.js'

/**
 * Makes a run, resumes a stored one, or reuses a finished one; runs until the end or until it is stopped.
 *
 * @param earlier the stored run
 * @param takeOver called with a run that was already finished
 */
export async function makeRun(
  plan: RunPlan,
  earlier: RunRecord | null,
  options: Omit<BeginOptions, keyof SessionOptions>,
  watch: SessionOptions,
  takeOver: (run: FinishedRun) => void,
): Promise<RunRecord> {
  const { resultsDir, metrics } = options
  const where = resultsDir === undefined ? {} : { resultsDir }
  if (earlier?.state === 'finished') takeOver(loadRun(earlier.id, resultsDir))
  else if (earlier) await resume(earlier.id, { ...where, ...watch, data: plan.data, ...(metrics ? { metrics } : {}) })
  const id = earlier?.id ?? (await begun(plan, { ...options, ...watch }))
  return openRun(id, resultsDir)
}

async function begun(plan: RunPlan, options: BeginOptions): Promise<string> {
  const session = await beginSession(plan, options)
  await continueSession(session, options)
  return session.run.id
}
