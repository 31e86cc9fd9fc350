import { UserError } from '../../errors.js'
import { reopenFailed, runStatus } from '../../results/run.js'
import { statusesOf } from './coverage.js'
import { forgetFailure } from './failures.js'
import type { SweepPlan } from './plan.js'

/**
 * Marks failed runs of a sweep as interrupted, so that they go on when it is resumed.
 *
 * @param runs IDs; all failed runs when empty
 * @returns the IDs of the marked runs
 * @throws UserError for an ID that is not one of the sweep's failed runs.
 */
export function retryRuns(plan: SweepPlan, runs: readonly string[] = []): string[] {
  const failed = statusesOf(plan).flatMap(({ run, state }) => (state === 'failed' ? [run] : []))
  const other = runs.find((run) => !failed.includes(run))
  if (other !== undefined)
    throw new UserError({
      where: `sweep ${plan.id}`,
      expected: `a failed run${failed.length > 0 ? ` (${failed.slice(0, 5).join(', ')})` : ''}`,
      found: other,
      todo: 'recurlab sweep status shows the state of each.',
      exitCode: 2,
    })
  const retried = runs.length > 0 ? [...runs] : failed
  for (const run of retried) {
    if (runStatus(run, plan.resultsDir)?.state === 'failed') reopenFailed(run, plan.resultsDir)
    forgetFailure(plan, run)
  }
  return retried
}
