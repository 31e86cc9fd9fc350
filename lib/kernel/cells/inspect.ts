import timers from 'node:timers'
import { inspect } from 'node:util'

/** What Node puts on promises and timers to follow their context, up to Node 22 and since. Where it has other names it is shown. */
const CONTEXT = ['async_id_symbol', 'trigger_async_id_symbol', 'kResourceStore', 'kAsyncContextFrame']

/** Has `util.inspect` show promises and timers as it does where no context is followed: `Promise { 5 }`. */
export function hideContexts(): void {
  const timer = timers.setTimeout(() => {}, 0)
  const immediate = timers.setImmediate(() => {})
  timers.clearTimeout(timer)
  timers.clearImmediate(immediate)
  for (const prototype of [Promise.prototype, Object.getPrototypeOf(timer), Object.getPrototypeOf(immediate)]) {
    const own = (prototype as { [inspect.custom]?: (...args: unknown[]) => unknown })[inspect.custom]
    const value = function (this: object, ...args: unknown[]): unknown {
      hide(this)
      // With the object itself as the answer, `inspect` goes on as if there were no such method.
      return own ? own.apply(this, args) : this
    }
    Object.defineProperty(prototype, inspect.custom, { value, writable: true, configurable: true })
  }
}

function hide(object: object): void {
  for (const symbol of Object.getOwnPropertySymbols(object))
    if (CONTEXT.includes(symbol.description ?? '')) Object.defineProperty(object, symbol, { enumerable: false })
}
