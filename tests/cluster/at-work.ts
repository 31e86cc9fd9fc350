import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { queuedTasks } from '../../lib/experiment/slurm/jobs.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import type { SweepPlan } from '../../lib/experiment/sweep/plan.js'
import { openRun } from '../../lib/results/run.js'
import { until } from './slurm.js'

/** Waits until no task of a plan is queued or running. */
export async function emptyQueue(plan: SweepPlan): Promise<void> {
  await until('an empty queue', async () => (await queuedTasks(plan))?.length === 0, 600)
}

/** A run whose process is stopped. */
interface StoppedRun {
  readonly index: number
  readonly pid: number
}

/**
 * Stops the process of a run that a task is training, so that the run cannot end before the fault that is meant for it.
 *
 * @param others indices that will not do; the run's is added
 * @param step minimum step that the run has saved. Default: 0
 */
export async function stoppedAtWork(plan: SweepPlan, others: number[], step = 0): Promise<StoppedRun> {
  for (;;) {
    const index = await atWork(plan, others, step)
    const pid = stoppedWriter(plan, index)
    others.push(index)
    if (pid === null) continue
    if (statusesOf(plan)[index]!.state === 'running') return { index, pid }
    continueProcess(pid)
  }
}

/** Continues a stopped process, unless it has ended. */
export function continueProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It has ended.
  }
}

async function atWork(plan: SweepPlan, others: readonly number[], step: number): Promise<number> {
  let found: number | undefined
  await until('a run at work', async () => {
    found = statusesOf(plan).find(
      (run) => run.state === 'running' && run.step >= step && !others.includes(run.index),
    )?.index
    return found !== undefined
  })
  return found!
}

/** Stops the process that holds the lease of a run; null when the run has just ended. */
function stoppedWriter(plan: SweepPlan, index: number): number | null {
  try {
    const { dir } = openRun(plan.runs[index]!.run, plan.resultsDir)
    const lease = readdirSync(dir).find((name) => name.startsWith('lease-'))
    const { pid } = JSON.parse(readFileSync(path.join(dir, lease!), 'utf8')) as { pid: number }
    process.kill(pid, 'SIGSTOP')
    return pid
  } catch {
    return null
  }
}
