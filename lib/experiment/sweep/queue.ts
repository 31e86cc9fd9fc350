import { type PlannedStatus, statusesOf, statusReader } from './coverage.js'
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
 * @param done finished runs by index, kept between calls so that they are read once
 */
export function waitingTasks(
  plan: SweepPlan,
  busy: ReadonlySet<number>,
  passedOver: ReadonlySet<number>,
  done: Map<number, PlannedStatus> = new Map(),
): Task[] {
  const free = plan.runs.flatMap((_, index) => (busy.has(index) || passedOver.has(index) ? [] : [index]))
  const open = (): PlannedStatus[] =>
    free
      .filter((index) => !done.has(index))
      .map(statusReader(plan, done))
      .filter(({ state }) => state === 'missing' || state === 'interrupted')
  if (!plan.halving) return open().map(({ index }) => ({ index }))
  const statuses = statusesOf(plan, done)
  const steps = statuses.map(({ index, state, step }) => {
    if (state === 'done' || state === 'failed' || passedOver.has(index)) return Number.POSITIVE_INFINITY
    return busy.has(index) || state === 'running' ? -1 : step
  })
  const stops = nextStops(plan, steps)
  if (!stops) return open().map(({ index }) => ({ index }))
  return open().flatMap(({ index }) => {
    const stopAt = stops.get(index)
    return stopAt === undefined ? [] : [{ index, stopAt }]
  })
}
