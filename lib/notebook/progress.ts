import { Interrupted, UserError } from '../errors.js'
import { currentHost } from './host.js'
import { checkTotal, type Meter, type MeterOptions, openMeter } from './progress-meter.js'
import type { Better } from './progress-metrics.js'

/** How {@link progress} shows a loop. */
export interface ProgressOptions {
  /** In front of the line. */
  readonly label?: string
  /** How many items come; default what the iterable's `length` or `size` says. */
  readonly total?: number
  /** Name of the counted things, in the plural; default `steps` of a number, else `items`. */
  readonly unit?: string
  /** For each metric that is reported which values are better; default by its name: a loss or an error the smaller. */
  readonly better?: Readonly<Record<string, Better>>
}

/** Metrics beside a loop's progress. */
export interface ProgressReport {
  /** Shows the latest values of metrics, with the best so far: `steps.report({ loss })`. */
  report(values: Readonly<Record<string, number>>): void
}

/** A loop with its progress shown. */
export interface ProgressLoop<T> extends ProgressReport, Iterable<T> {}

/** An asynchronous loop with its progress shown. */
export interface AsyncProgressLoop<T> extends ProgressReport, AsyncIterable<T> {}

/**
 * Shows how far a loop is: a bar or a count, rate, time so far and to go, the latest and best value of what is
 * reported. In a notebook the line changes at most twice a second, also in a loop without `await`; in a terminal it is
 * written over; a file gets a line every ten seconds and one at the end. Loops inside each other are shown together.
 * A loop that is left says where: `stopped at 37 of 100 steps`.
 *
 * @param work a number of steps (0, 1, … up to it), or anything that can be iterated over
 * @example
 * const steps = progress(300, { label: 'mlp' })
 * for (const step of steps) steps.report({ loss: trainOnce(step) })
 * @throws UserError for a number of steps that is none; {@link Interrupted} at the first step after the user has stopped
 * the cell.
 */
export function progress(work: number, options?: ProgressOptions): ProgressLoop<number>
export function progress<T>(work: Iterable<T>, options?: ProgressOptions): ProgressLoop<T>
export function progress<T>(work: AsyncIterable<T>, options?: ProgressOptions): AsyncProgressLoop<T>
export function progress<T>(
  work: number | Iterable<T> | AsyncIterable<T>,
  options: ProgressOptions = {},
): ProgressLoop<T | number> | AsyncProgressLoop<T> {
  if (options.total !== undefined) checkTotal(options.total, 'progress, total')
  if (typeof work === 'number') {
    checkTotal(work, 'progress')
    return loop(count(work), { total: work, unit: 'steps', ...options })
  }
  if (isIterable(work)) return loop(work, { ...sizeOf(work), unit: 'items', ...options })
  if (isAsyncIterable(work)) return asyncLoop(work, { unit: 'items', ...options })
  throw new UserError({
    where: 'progress',
    expected: 'a number of steps or something to iterate over',
    found: work === null ? 'null' : typeof work,
  })
}

type LoopOptions = ProgressOptions & { readonly unit: string }

function loop<T>(work: Iterable<T>, options: LoopOptions): ProgressLoop<T> {
  let meter: Meter | null = null
  return {
    report: (values) => meter?.report(values),
    *[Symbol.iterator]() {
      const own = openMeter(meterOptions(options))
      const signal = currentHost()?.signal
      meter = own
      let done = 0
      let state: 'done' | 'stopped' = 'stopped'
      try {
        for (const item of work) {
          yield item
          own.at(++done)
          if (signal?.aborted) throw stopped(done, options)
        }
        state = 'done'
      } finally {
        own.end(state)
      }
    },
  }
}

function asyncLoop<T>(work: AsyncIterable<T>, options: LoopOptions): AsyncProgressLoop<T> {
  let meter: Meter | null = null
  return {
    report: (values) => meter?.report(values),
    async *[Symbol.asyncIterator]() {
      const own = openMeter(meterOptions(options))
      const signal = currentHost()?.signal
      meter = own
      let done = 0
      let state: 'done' | 'stopped' = 'stopped'
      try {
        for await (const item of work) {
          yield item
          own.at(++done)
          if (signal?.aborted) throw stopped(done, options)
        }
        state = 'done'
      } finally {
        own.end(state)
      }
    },
  }
}

function meterOptions({ label, total, unit, better }: LoopOptions): MeterOptions {
  return {
    total: total === undefined || total === Number.POSITIVE_INFINITY ? null : total,
    unit,
    ...(label === undefined ? {} : { label }),
    ...(better === undefined ? {} : { better }),
  }
}

function stopped(done: number, { label, total, unit }: LoopOptions): Interrupted {
  const of = total === undefined || total === Number.POSITIVE_INFINITY ? '' : ` of ${total}`
  return new Interrupted(`${label === undefined ? '' : `${label}: `}stopped at ${done}${of} ${unit}`)
}

function* count(steps: number): Generator<number> {
  for (let step = 0; step < steps; step++) yield step
}

function sizeOf(work: Iterable<unknown>): { total?: number } {
  const { length, size } = work as { length?: unknown; size?: unknown }
  const total = [length, size].find((each) => typeof each === 'number')
  return total === undefined ? {} : { total: total as number }
}

function isIterable(value: unknown): value is Iterable<never> {
  return value != null && typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

function isAsyncIterable(value: unknown): value is AsyncIterable<never> {
  return value != null && typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
}
