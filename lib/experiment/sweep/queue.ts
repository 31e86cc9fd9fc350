import { type PlannedStatus, statusesOf } from './coverage.js'
import { nextStops } from './halving.js'
import type { SweepPlan } from './plan.js'

/** A run to train next, by its index in the plan. */
export interface Task {
  readonly index: number
  /** Step at which it waits for a decision of successive halving; absent when it is trained to its end. */
  readonly stopAt?: number
}

/**
 * Returns the runs that can be trained now, in the order of the plan. A decision of successive halving is taken when all of
 * its runs are ready.
 *
 * @param busy runs that this process has given to somebody
 * @param passedOver runs that are not taken again
 */
export function waitingTasks(plan: SweepPlan, busy: ReadonlySet<number>, passedOver: ReadonlySet<number>): Task[] {
  const isOpen = ({ index, state }: PlannedStatus): boolean =>
    (state === 'missing' || state === 'interrupted') && !busy.has(index) && !passedOver.has(index)
  const statuses = statusesOf(plan)
  if (!plan.halving) return statuses.filter(isOpen).map(({ index }) => ({ index }))
  const steps = statuses.map(({ index, state, step }) => {
    if (state === 'done' || state === 'failed' || passedOver.has(index)) return Number.POSITIVE_INFINITY
    return busy.has(index) || state === 'running' ? -1 : step
  })
  const stops = nextStops(plan, steps)
  const open = statusesOf(plan).filter(isOpen)
  if (stops.size === 0) return open.map(({ index }) => ({ index }))
  return open.flatMap(({ index, step }) => {
    const stopAt = stops.get(index)
    return stopAt !== undefined && step < stopAt ? [{ index, stopAt }] : []
  })
}
