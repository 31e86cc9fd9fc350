import { submissionText } from '../../../experiment/slurm/submit.js'
import { Coverage } from '../../../experiment/sweep/coverage.js'
import type { PlannedSweep } from '../../../experiment/sweep/plan-sweep.js'
import { submitPlan } from '../../../experiment/sweep/submit-plan.js'
import type { SweepOptions } from '../../../experiment/sweep/sweep.js'
import { formatTable } from '../../../results/text.js'

/** Submits a planned sweep to Slurm and prints what was submitted. Resolves to the exit code 0. */
export async function submitAndReport(planned: PlannedSweep, options: SweepOptions, json: boolean): Promise<number> {
  const { plan, submission } = await submitPlan(planned, options)
  const coverage = new Coverage(plan)
  if (json) {
    process.stdout.write(`${JSON.stringify({ plan: plan.dir, ...submission, coverage: coverage.runs })}\n`)
    return 0
  }
  for (const note of planned.notes) process.stdout.write(`${note}\n`)
  const lines = [formatTable(coverage.table()), coverage.text(), submissionText(submission)]
  process.stdout.write(`${lines.join('\n')}\nTo watch it: npx recurlab sweep status ${plan.dir}\n`)
  return 0
}
