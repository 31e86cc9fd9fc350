import path from 'node:path'
import { UserError } from '../../errors.js'
import type { Inspection } from '../../files/inspection.js'
import { fileOperations as fs } from '../../files/operations.js'
import { storedJobs } from '../slurm/jobs.js'
import { readFailure } from './failures.js'
import { rungDecisions } from './halving.js'
import { readPlan, type SweepPlan } from './plan.js'

/**
 * Inspects the plan of a sweep and what lies beside it: decisions of halving, reasons of failures, jobs of Slurm. Data sets stored
 * with it are inspected as such.
 *
 * @returns the plan; undefined when it is damaged
 */
export function inspectPlan(dir: string, inspection: Inspection): SweepPlan | undefined {
  const plan = inspection.attempt(() => readPlan(dir))
  for (const name of fs.readdirSync(dir)) {
    const stat = fs.statSync(path.join(dir, name))
    if (stat.isFile()) inspection.read(stat.size)
  }
  if (plan) inspection.attempt(() => checkRungs(plan))
  inspection.attempt(() => storedJobs({ dir }))
  const failures = path.join(dir, 'failures')
  for (const name of fs.existsSync(failures) ? fs.readdirSync(failures) : [])
    if (name.endsWith('.json') && !name.startsWith('.'))
      inspection.attempt(() => readFailure(dir, path.basename(name, '.json')))
  return plan
}

/** Checks that decisions are about runs of the plan. @throws UserError */
function checkRungs(plan: SweepPlan): void {
  for (const { rung, ranking } of rungDecisions(plan))
    for (const index of ranking.flatMap(({ runs }) => runs))
      if (plan.runs[index] === undefined)
        throw new UserError({
          where: path.join(plan.dir, `rung-${rung}.json`),
          expected: `runs 0…${plan.runs.length - 1} of the plan`,
          found: String(index),
        })
}
