import timers from 'node:timers'
import { type InspectOptions, inspect, types } from 'node:util'

/** The symbols with which Node tracks the context of promises and timers, up to Node 22 and later; others are shown. */
const CONTEXT = ['async_id_symbol', 'trigger_async_id_symbol', 'kResourceStore', 'kAsyncContextFrame']

/** Makes `util.inspect` show promises and timers as it does without context tracking: `Promise { 5 }`. */
export function hideContexts(): void {
  const timer = timers.setTimeout(() => {}, 0)
  const immediate = timers.setImmediate(() => {})
  timers.clearTimeout(timer)
  timers.clearImmediate(immediate)
  for (const prototype of [Promise.prototype, Object.getPrototypeOf(timer), Object.getPrototypeOf(immediate)]) {
    const own = (prototype as { [inspect.custom]?: (...args: unknown[]) => unknown })[inspect.custom]
    const value = function (this: object, ...args: unknown[]): unknown {
      hide(this)
      // If the object itself is returned, `inspect` continues as if there were no such method.
      return own ? own.apply(this, args) : this
    }
    Object.defineProperty(prototype, inspect.custom, { value, writable: true, configurable: true })
  }
}

function hide(object: object): void {
  for (const symbol of Object.getOwnPropertySymbols(object))
    if (CONTEXT.includes(symbol.description ?? '')) Object.defineProperty(object, symbol, { enumerable: false })
}

/** Maximum keys shown of one object, as many as `inspect` shows items of an array. */
const MAX_KEYS = 100
/**
 * Maximum entries shown of all objects, arrays, maps and sets in one value; in texts, a number of characters counts as
 * one entry.
 */
const MAX_ENTRIES = 10_000
const CHARS_PER_ENTRY = 50
/** Maximum characters of one value. */
const MAX_TEXT = 200_000

/** The remainder of {@link MAX_ENTRIES} for the value under inspection. */
interface Budget {
  left: number
}

const BUDGET = Symbol('recurlab.budget')

type Options = InspectOptions & {
  readonly stylize: (text: string, style: string) => string
  readonly [BUDGET]?: Budget
}

/** Options for `inspect` that limit the text of one value, whatever its content. */
export const boundedOptions: InspectOptions = Object.defineProperty({}, BUDGET, {
  // Every spread of the options, which `inspect` and the console make for each value, begins anew.
  get: (): Budget => ({ left: MAX_ENTRIES }),
  enumerable: true,
})

/** Returns the text of `inspect` in a limited size: objects with many keys are cut like arrays. */
export function inspectBounded(value: unknown, options: InspectOptions = {}): string {
  const all = { ...boundedOptions, ...options }
  const isHugeDictionary = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
  const text = inspect(isHugeDictionary ? cutKeys.call(value, all.depth ?? 2, all as Options, inspect) : value, all)
  const rest = text.length - MAX_TEXT
  return rest > 0 ? `${text.slice(0, MAX_TEXT / 2)}\n… ${rest} characters …\n${text.slice(-MAX_TEXT / 2)}` : text
}

/**
 * Makes `inspect`, and with it the console, cut objects with many keys as it cuts arrays: `... 900 more keys`. The
 * option `maxArrayLength` counts for both.
 */
export function cutHugeObjects(): void {
  Object.defineProperty(Object.prototype, inspect.custom, {
    value: cutKeys,
    enumerable: false,
    writable: true,
    configurable: true,
  })
}

/** Objects that represent one that was cut. */
const standIns = new WeakSet<object>()

/** Custom inspection of every object without its own. If it returns the object itself, `inspect` continues as usual. */
function cutKeys(this: object, depth: number | null, options: Options, inspectNow: typeof inspect): object | string {
  // The handler of a proxy is the user's code.
  if (types.isProxy(this) || standIns.has(this) || (depth !== null && depth < 0)) return this
  const budget = options[BUDGET]
  if (budget && budget.left <= 0) return options.stylize(`[${nameOf(this)}]`, 'special')
  const max = options.maxArrayLength === undefined ? MAX_KEYS : (options.maxArrayLength ?? Number.POSITIVE_INFINITY)
  if (hasItems(this)) {
    if (budget) budget.left -= costOfItems(this, max)
    return this
  }
  const keys = Object.keys(this)
  if (budget) for (let i = 0; i < keys.length && i < max; i++) budget.left -= costOf(plainValue(this, keys[i]!))
  if (keys.length <= max) return this
  const text = inspectNow(standIn(this, keys.slice(0, max)), { ...options, depth })
  const more = `... ${keys.length - max} more key${keys.length - max === 1 ? '' : 's'}`
  const body = text.slice(0, text.lastIndexOf('}')).trimEnd()
  const comma = max > 0 ? ',' : ''
  const whole = body.includes('\n') ? `${body}${comma}\n  ${more}\n}` : `${body}${comma} ${more} }`
  // An object, so that `inspect` indents the lines.
  return { [inspect.custom]: () => whole }
}

/** Returns an object of the same kind with the first properties only. */
function standIn(object: object, keys: readonly string[]): object {
  const own = types.isNativeError(object) ? ['stack', 'message', ...keys] : keys
  const cut: object = types.isNativeError(object) ? new Error() : Object.create(null)
  for (const key of own) {
    const property = Object.getOwnPropertyDescriptor(object, key)
    if (property) Object.defineProperty(cut, key, { ...property, configurable: true })
  }
  Object.setPrototypeOf(cut, Object.getPrototypeOf(object))
  standIns.add(cut)
  return cut
}

/** Returns whether `inspect` itself cuts the object: it shows items before keys. */
function hasItems(object: object): object is object & Items {
  return (
    Array.isArray(object) || ArrayBuffer.isView(object) || types.isMap(object) || types.isSet(object) || isOther(object)
  )
}

type Items = { readonly length?: number; readonly size?: number }

/**
 * Returns whether the object is a function, boxed text or the like, which rarely has own keys and cannot be represented
 * by another object.
 */
function isOther(object: object): boolean {
  return (
    typeof object === 'function' ||
    types.isBoxedPrimitive(object) ||
    types.isPromise(object) ||
    types.isDate(object) ||
    types.isRegExp(object) ||
    types.isArgumentsObject(object)
  )
}

function costOfItems(items: object & Items, max: number): number {
  if (Array.isArray(items)) {
    let cost = 0
    for (let i = 0; i < items.length && i < max; i++) cost += costOf(plainValue(items, String(i)))
    return cost
  }
  const { size, length = size } = items
  return Math.min(max, Number(length) || 0)
}

function costOf(value: unknown): number {
  return 1 + (typeof value === 'string' ? Math.min(value.length, 10_000) / CHARS_PER_ENTRY : 0)
}

/** Returns a property's value, unless a getter computes it. */
function plainValue(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value
}

function nameOf(object: object): string {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at)) {
    const maker: unknown = plainValue(at, 'constructor')
    if (typeof maker === 'function' && typeof plainValue(maker, 'name') === 'string') return maker.name
  }
  return 'Object'
}
