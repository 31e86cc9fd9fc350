import { UserError } from '../../errors.js'
import { readBytes } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import type { SweepPlan } from '../sweep/plan.js'
import { logOf, slurmPlaces } from './places.js'

/** The name of the jobs that follow arrays, in the place of a run. */
const REPORT = 'report'

/** The log of a run's tasks, or of the jobs that follow arrays. */
export interface TaskLog {
  /** Place of the run in the plan, from 0; null for the jobs that follow arrays. */
  readonly index: number | null
  /** ID of the run, or `report`. */
  readonly run: string
  /** Everything that its attempts have written. */
  readonly text: string
}

/**
 * Returns the logs of a sweep's tasks.
 *
 * @param named IDs of runs, their places in the plan, or `report`; all that have a log when empty
 * @throws UserError (exit code 2) for another run, and for one without a log.
 */
export function tasksLogs(plan: SweepPlan, named: readonly string[] = []): TaskLog[] {
  const indices = named.length > 0 ? named.map((name) => indexOf(plan, name)) : [...plan.runs.keys(), null]
  return indices.flatMap((index) => {
    const run = index === null ? REPORT : plan.runs[index]!.run
    const file = index === null ? slurmPlaces(plan).reportLog : logOf(plan, index)
    if (fs.existsSync(file)) return [{ index, run, text: readBytes(file).toString('utf8') }]
    if (named.length === 0) return []
    throw new UserError({
      where: index === null ? `sweep ${plan.id}` : `run ${run}`,
      expected: index === null ? 'a log of the jobs that follow its arrays' : 'a log of its tasks',
      found: index === null ? 'none: no such job has begun' : 'none: no task of it has begun on a cluster',
      todo: 'recurlab sweep status shows what is in the queue.',
      exitCode: 2,
    })
  })
}

function indexOf({ id, runs }: SweepPlan, name: string): number | null {
  if (name === REPORT) return null
  const index =
    /^\d+$/.test(name) && Number(name) < runs.length ? Number(name) : runs.findIndex(({ run }) => run === name)
  if (index >= 0) return index
  throw new UserError({
    where: `sweep ${id}`,
    expected: `the ID of one of its runs, a place from 0 to ${runs.length - 1}, or ${REPORT}`,
    found: name,
    todo: 'recurlab sweep status --json lists them.',
    exitCode: 2,
  })
}
