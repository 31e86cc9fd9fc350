import { UserError } from '../../errors.js'
import { isCancelled } from '../sweep/cancel.js'
import { decisionText, rungDecisions } from '../sweep/halving.js'
import type { SweepPlan } from '../sweep/plan.js'
import { waitingTasks } from '../sweep/queue.js'
import { queuedRuns, storedJobs } from './jobs.js'
import { submissionText, submitSweep } from './submit.js'

/**
 * Takes the decisions of successive halving that are due in a sweep on Slurm, and submits the runs that go on, with the options of the
 * last submission. Without a new decision nothing is submitted: a run that was cancelled, or put on hold, is left to the user.
 *
 * @returns sentences for the user
 * @throws UserError when the sweep has no successive halving, was not submitted, or sbatch refuses.
 */
export async function advanceSweep(plan: SweepPlan): Promise<string> {
  const last = storedJobs(plan).at(-1)
  const refuse = (expected: string, found: string): UserError =>
    new UserError({ where: `sweep ${plan.id}`, expected, found, exitCode: 2 })
  if (!plan.halving) throw refuse('successive halving, halving=F', 'none: its runs need no decision')
  if (!last) throw refuse('a submission to Slurm', 'none: recurlab sweep resume trains it here')
  if (isCancelled(plan)) return 'The sweep is cancelled: nothing is decided.'
  const before = rungDecisions(plan).length
  const waiting = waitingTasks(plan, await queuedRuns(plan), new Set()).length
  const decisions = rungDecisions(plan).slice(before)
  if (decisions.length > 0)
    return [...decisions.map(decisionText), submissionText(await submitSweep(plan, last.options))].join('\n')
  if (waiting === 0) return 'No decision is due.'
  const runs = `${waiting} ${waiting === 1 ? 'run has' : 'runs have'}`
  return `${runs} not reached the next decision. To continue: npx recurlab sweep resume ${plan.dir} --on slurm`
}
