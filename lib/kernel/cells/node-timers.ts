import timers from 'node:timers'

/** Node's timers as they are before cells get theirs (timers.ts): the kernel's own never belong to a cell. */
export const nodeTimers = {
  setTimeout: timers.setTimeout,
  setInterval: timers.setInterval,
  setImmediate: timers.setImmediate,
  clearTimeout: timers.clearTimeout,
  clearImmediate: timers.clearImmediate,
}
