import { Interrupted, UserError } from '../../errors.js'
import { RunInUse } from '../../results/run.js'
import type { Estimate } from '../estimate/memory.js'
import type { Watch } from '../watch/watch.js'
import { whenCancelled } from './cancel.js'
import type { PlannedStatus } from './coverage.js'
import { failedText, storeFailure } from './failures.js'
import type { PlannedSweep } from './plan-sweep.js'
import { type Task, waitingTasks } from './queue.js'
import type { SweepOptions } from './sweep.js'
import { trainPlanned } from './train-planned.js'

/** Trains runs in this process, one after the other. */
export async function trainHere(
  { plan, dataOf }: PlannedSweep,
  estimates: readonly (Estimate | null)[],
  { metrics, estimate = true }: SweepOptions,
  { signal, observer, note }: Watch,
): Promise<void> {
  const passedOver = new Set<number>()
  const done = new Map<number, PlannedStatus>()
  const cancelled = new AbortController()
  const looked = whenCancelled(plan, () => {
    note('the sweep was cancelled: its run is saved and stopped')
    cancelled.abort()
  })
  const stop = signal ? AbortSignal.any([signal, cancelled.signal]) : cancelled.signal
  try {
    while (!stop.aborted) {
      const [task] = waitingTasks(plan, new Set(), passedOver, done)
      if (!task) return
      await trainTask(task)
    }
  } finally {
    looked()
  }

  async function trainTask({ index, stopAt }: Task): Promise<void> {
    const { run } = plan.runs[index]!
    const memory = estimates[index]
    try {
      await trainPlanned(plan, plan.runs[index]!, {
        data: await dataOf(index),
        observer: observer(index),
        estimate,
        signal: stop,
        ...(metrics ? { metrics } : {}),
        ...(memory ? { memory } : {}),
        ...(stopAt === undefined ? {} : { stopAt }),
      })
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof Interrupted) throw error
      passedOver.add(index)
      if (error instanceof RunInUse) return
      // First the reason: on a full disk it cannot be stored.
      note(failedText(run, error.message))
      storeFailure(plan, run, error.message)
    }
  }
}
