import { Interrupted, UserError } from '../errors.js'
import { currentHost } from './host.js'
import { checkTotal, type Meter, type MeterOptions, openMeter } from './progress-meter.js'
import type { Better } from './progress-metrics.js'

/** Options of {@link progress}. */
export interface ProgressOptions {
  /** Prefix of the line. */
  readonly label?: string
  /** Number of items; default: the iterable's `length` or `size`. */
  readonly total?: number
  /** The counted unit, in the plural; default `steps` for a number, else `items`. */
  readonly unit?: string
  /**
   * Which values of each reported metric are better; default: derived from its name, smaller for a loss or an error.
   */
  readonly better?: Readonly<Record<string, Better>>
}

/** The metrics in a loop's progress line. */
export interface ProgressReport {
  /** Sets the latest values of metrics; the line shows them with the best so far: `steps.report({ loss })`. */
  report(values: Readonly<Record<string, number>>): void
}

/** A loop that shows its progress. */
export interface ProgressLoop<T> extends ProgressReport, Iterable<T> {}

/** An asynchronous loop that shows its progress. */
export interface AsyncProgressLoop<T> extends ProgressReport, AsyncIterable<T> {}

/**
 * Returns a loop that shows its progress: a bar or a count, rate, time elapsed and left, latest and best values of reported
 * metrics. In a notebook the line changes at most twice a second, even in a loop without `await`; in a terminal it is
 * overwritten; a file gets a line every ten seconds and one at the end. Nested loops are shown together. A loop that is
 * left early shows where: `stopped at 37 of 100 steps`.
 *
 * @param work a number of steps (counted from 0), or any iterable
 * @example
 * const steps = progress(300, { label: 'mlp' })
 * for (const step of steps) steps.report({ loss: trainOnce(step) })
 * @throws UserError for an invalid number of steps; {@link Interrupted} at the first step after the user stops the cell.
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
