import { type Checked, type CheckOptions, Checks } from '../../files/checked.js'
import { checkDataset } from '../../storage/check.js'
import { readFailure, storedFailures } from './failures.js'
import { rungDecisions } from './halving.js'
import { readPlan } from './plan.js'
import { storedDataFolder } from './train-planned.js'

/**
 * Checks the plan of a sweep and what lies beside it: decisions of successive halving, and data sets. Its runs are checked as runs.
 *
 * @param dir the plan's folder
 */
export async function checkPlan(dir: string, options: CheckOptions = {}): Promise<Checked> {
  const checks = new Checks()
  const plan = await checks.file(() => readPlan(dir))
  if (plan === null) return checks.result
  await checks.file(() => rungDecisions(plan))
  for (const run of storedFailures(plan).keys()) await checks.file(() => readFailure(dir, run))
  for (const hash of plan.storedData) checks.add(await checkDataset(storedDataFolder(plan, hash), options))
  return checks.result
}
