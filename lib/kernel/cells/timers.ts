import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import promises from 'node:timers/promises'
import { promisify } from 'node:util'
import { context } from './context.js'
import { nodeTimers } from './node-timers.js'
import { Caller } from './stack.js'

/** The pending immediates and their calls: a forced stop can make Node forget some. */
const immediates = new Map<NodeJS.Immediate, () => void>()

type Callback = (...args: unknown[]) => unknown

/**
 * Replaces timers, `process.nextTick`, `queueMicrotask` and `then`, so that callbacks of a stopped cell are not called.
 *
 * Timers of Node's own code go on, and so do promises of packages and modules: they may serve other cells too.
 */
export function replaceTimers(): void {
  const setTimeout = (callback: Callback, delay?: number, ...args: unknown[]): NodeJS.Timeout => {
    const timer: NodeJS.Timeout = nodeTimers.setTimeout(guarded(callback, notNode), delay, ...args)
    return timer
  }
  const setInterval = (callback: Callback, delay?: number, ...args: unknown[]): NodeJS.Timeout => {
    const timer: NodeJS.Timeout = nodeTimers.setInterval(
      guarded(callback, notNode, () => nodeTimers.clearTimeout(timer)),
      delay,
      ...args,
    )
    return timer
  }
  const setImmediate = (callback: Callback, ...args: unknown[]): NodeJS.Immediate => {
    if (!context.getStore() || typeof callback !== 'function') return nodeTimers.setImmediate(callback, ...args)
    const call = guarded(callback, notNode)
    const due = (): void => {
      immediates.delete(immediate)
      call(...args)
    }
    const immediate: NodeJS.Immediate = nodeTimers.setImmediate(due)
    immediates.set(immediate, due)
    return immediate
  }
  const clearImmediate = (immediate: NodeJS.Immediate | undefined): void => {
    if (immediate) immediates.delete(immediate)
    nodeTimers.clearImmediate(immediate)
  }
  const later = (delay?: number, value?: unknown, options: TimerOptions = {}): Promise<unknown> =>
    promised(
      options,
      (done) => setTimeout(done, delay),
      (timer) => nodeTimers.clearTimeout(timer),
      value,
    )
  const nextTurn = (value?: unknown, options: TimerOptions = {}): Promise<unknown> =>
    promised(
      options,
      (done) => setImmediate(done),
      (timer) => clearImmediate(timer),
      value,
    )

  const own = { setTimeout, setInterval, setImmediate, clearImmediate }
  Object.defineProperty(setTimeout, promisify.custom, { value: later })
  Object.defineProperty(setImmediate, promisify.custom, { value: nextTurn })
  Object.assign(timers, own)
  for (const [name, value] of Object.entries(own))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true })
  Object.assign(promises, { setTimeout: later, setImmediate: nextTurn, setInterval: ticks(promises.setInterval) })
  Object.assign(promises.scheduler, {
    wait: (delay: number, options?: TimerOptions) => later(delay, undefined, options),
    yield: () => nextTurn(),
  })
  replaceQueues()
  syncBuiltinESMExports()
}

/**
 * Reschedules immediates that Node was about to call and forgot at a forced stop. It must be called from an immediate
 * that was set at the stop: by then earlier ones have either run or been forgotten.
 */
export function recoverImmediates(before: readonly NodeJS.Immediate[]): void {
  for (const immediate of before) {
    const due = immediates.get(immediate)
    if (!due) continue
    // Node still counts it, and would never end by itself.
    nodeTimers.clearImmediate(immediate)
    nodeTimers.setImmediate(due)
  }
}

/** Returns the immediates that are pending now. */
export function pendingImmediates(): readonly NodeJS.Immediate[] {
  return [...immediates.keys()]
}

interface TimerOptions {
  readonly signal?: AbortSignal
  readonly ref?: boolean
}

/** Returns a promise like those of Node's timers that belongs to the calling cell. */
function promised<Timer extends { unref(): unknown }>(
  { signal, ref = true }: TimerOptions,
  start: (done: () => void) => Timer,
  clear: (timer: Timer) => void,
  value: unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clear(timer)
      reject(Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), ABORTED))
    }
    const timer = start(() => {
      signal?.removeEventListener('abort', aborted)
      resolve(value)
    })
    if (!ref) timer.unref()
    if (signal?.aborted) aborted()
    else signal?.addEventListener('abort', aborted, { once: true })
  })
}

const ABORTED = { name: 'AbortError', code: 'ABORT_ERR' }

/** Returns `setInterval` of `node:timers/promises`, whose iteration ends with the cell. */
function ticks(setInterval: typeof promises.setInterval): typeof promises.setInterval {
  return (delay, value, options = {}) => {
    const owner = context.getStore()
    if (!owner) return setInterval(delay, value, options)
    const signal = options.signal ? AbortSignal.any([owner.signal, options.signal]) : owner.signal
    return setInterval(delay, value, { ...options, signal })
  }
}

/** Replaces the queues that code fills itself: ticks, microtasks and promise reactions. */
function replaceQueues(): void {
  const { nextTick } = process
  process.nextTick = (callback: Callback, ...args: unknown[]) => nextTick(guarded(callback, isCell), ...args)
  const { queueMicrotask } = globalThis
  globalThis.queueMicrotask = (callback: () => void) => queueMicrotask(guarded(callback, isCell))
  const nativeThen = Promise.prototype.then
  // biome-ignore lint/suspicious/noThenProperty: what a cell chains to a promise ends with the cell.
  Promise.prototype.then = function then(this: Promise<unknown>, fulfilled: unknown, rejected: unknown) {
    if (!context.getStore()) return nativeThen.call(this, fulfilled as Callback, rejected as Callback)
    const from = new Caller()
    const guard = (callback: unknown): Callback => guarded(callback as Callback, isCell, undefined, from)
    return nativeThen.call(this, guard(fulfilled), guard(rejected))
  } as typeof nativeThen
}

const isCell = ({ kind }: Caller): boolean => kind === 'cell'
const notNode = ({ kind }: Caller): boolean => kind !== 'node'

/**
 * Returns a callback that does nothing once its cell is stopped, and whose promise then never settles; other callers
 * are not affected.
 */
function guarded(
  callback: Callback,
  counts: (caller: Caller) => boolean,
  dropped?: () => void,
  known?: Caller,
): Callback {
  const owner = context.getStore()
  // Node itself rejects values that are no functions.
  if (!owner || typeof callback !== 'function') return callback
  const from = known ?? new Caller()
  return function (this: unknown, ...args: unknown[]) {
    if (!owner.stopped || !counts(from)) return callback.apply(this, args)
    dropped?.()
    return new Promise(() => {})
  }
}
