import timers from 'node:timers'

/**
 * Node's original timers, before those of cells replace them (timers.ts): the kernel's own timers never belong to a
 * cell.
 */
export const nodeTimers = {
  setTimeout: timers.setTimeout,
  setInterval: timers.setInterval,
  setImmediate: timers.setImmediate,
  clearTimeout: timers.clearTimeout,
  clearImmediate: timers.clearImmediate,
}
