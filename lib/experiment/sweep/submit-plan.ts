import { UserError } from '../../errors.js'
import { resolveSlurm } from '../slurm/options.js'
import { type Submission, submitSweep } from '../slurm/submit.js'
import type { SweepPlan } from './plan.js'
import type { PlannedSweep } from './plan-sweep.js'
import { isBoundHere } from './prepare.js'
import type { SweepOptions } from './sweep.js'

/** Checks where a sweep is to be trained. @throws UserError (exit code 2) for another place, or options that it does not take */
export function checkPlace({ on = 'here', slurm }: SweepOptions): void {
  const refuse = (expected: string, found: string): never => {
    throw new UserError({ where: 'option on', expected, found, exitCode: 2 })
  }
  if (on !== 'here' && on !== 'slurm') refuse('here or slurm', String(on))
  if (on === 'here' && slurm) refuse("'slurm' beside the options of Slurm", "'here'")
  if (on === 'slurm') resolveSlurm(slurm)
}

/** A stored plan, whose unfinished runs are submitted. */
export interface SubmittedPlan {
  readonly plan: SweepPlan
  readonly submission: Submission
}

/**
 * Stores a plan and submits its unfinished runs to Slurm.
 *
 * @throws UserError when a cell defines what they need, or sbatch refuses.
 */
export async function submitPlan(planned: PlannedSweep, options: SweepOptions): Promise<SubmittedPlan> {
  checkPlace({ ...options, on: 'slurm' })
  if (isBoundHere(planned, options))
    throw new UserError({
      where: 'sweep',
      expected: 'functions, metrics and tasks of a file',
      found: 'some of this process, which the nodes of a cluster do not have',
      todo: 'Put them into a FILE.ts that exports base and grid, for recurlab sweep FILE.ts --on slurm.',
      exitCode: 2,
    })
  const plan = planned.store()
  return { plan, submission: await submitSweep(plan, options.slurm) }
}
