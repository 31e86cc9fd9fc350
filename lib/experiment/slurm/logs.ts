import { UserError } from '../../errors.js'
import { readBytes } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import type { SweepPlan } from '../sweep/plan.js'
import { logOf } from './places.js'

/** The log of a run's tasks. */
export interface TaskLog {
  /** Place of the run in the plan, from 0. */
  readonly index: number
  readonly run: string
  /** Everything that its attempts have written. */
  readonly text: string
}

/**
 * Returns the logs of a sweep's tasks.
 *
 * @param named IDs of runs, or their places in the plan; all that have a log when empty
 * @throws UserError (exit code 2) for another run, and for one without a log.
 */
export function tasksLogs(plan: SweepPlan, named: readonly string[] = []): TaskLog[] {
  const indices = named.length > 0 ? named.map((name) => indexOf(plan, name)) : [...plan.runs.keys()]
  return indices.flatMap((index) => {
    const { run } = plan.runs[index]!
    const file = logOf(plan, index)
    if (fs.existsSync(file)) return [{ index, run, text: readBytes(file).toString('utf8') }]
    if (named.length === 0) return []
    throw new UserError({
      where: `run ${run}`,
      expected: 'a log of its tasks',
      found: 'none: no task of it has begun on a cluster',
      todo: 'recurlab sweep status shows what is in the queue.',
      exitCode: 2,
    })
  })
}

function indexOf({ id, runs }: SweepPlan, name: string): number {
  const index =
    /^\d+$/.test(name) && Number(name) < runs.length ? Number(name) : runs.findIndex(({ run }) => run === name)
  if (index >= 0) return index
  throw new UserError({
    where: `sweep ${id}`,
    expected: `the ID of one of its runs, or a place from 0 to ${runs.length - 1}`,
    found: name,
    todo: 'recurlab sweep status --json lists them.',
    exitCode: 2,
  })
}
