import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { jStat } from './distributions.js'

/** How an interval was made: Student's t or a bootstrap over values, Wilson's score over counts. */
export type IntervalMethod = 't' | 'bootstrap' | 'wilson'

/** A mean with what is known of its uncertainty, in the unit of the values. */
export interface Estimate {
  readonly value: number
  /** Number of values: seeds, or puzzles for Wilson's interval. */
  readonly n: number
  /** Standard deviation of the sample (divided by n − 1); null below two values. */
  readonly sd: number | null
  /** Ends of the confidence interval; null below two values. */
  readonly low: number | null
  readonly high: number | null
  /** null where there is no interval. */
  readonly method: IntervalMethod | null
  /** Confidence level of the interval. */
  readonly level: number
}

/** Returns whether a value is an {@link Estimate}. */
export function isEstimate(value: unknown): value is Estimate {
  if (typeof value !== 'object' || value === null) return false
  const { value: mean, n, low, method } = value as Partial<Estimate>
  return typeof mean === 'number' && typeof n === 'number' && low !== undefined && method !== undefined
}

/** Options of {@link estimate}. */
export interface EstimateOptions {
  /** Default: `t`. */
  readonly interval?: 't' | 'bootstrap'
  /** Confidence level, between 0 and 1. Default 0.95. */
  readonly level?: number
  /** Resamples of the bootstrap. Default 10,000. */
  readonly resamples?: number
  /** Seed of the bootstrap. Default 0. */
  readonly seed?: number
}

/** Confidence level of every interval unless another is asked for. */
export const DEFAULT_LEVEL = 0.95

/**
 * Returns the mean of a sample with its confidence interval: Student's t with n − 1 degrees of freedom, or the percentiles
 * of resampled means (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
 *
 * @param values one per seed, all finite
 * @throws UserError for no value, one that is not finite, or a level outside (0, 1).
 */
export function estimate(values: readonly number[], options: EstimateOptions = {}): Estimate {
  const { interval = 't', level = DEFAULT_LEVEL, resamples = 10_000, seed = 0 } = options
  checkLevel(level)
  checkSample('an estimate', values, 1)
  const value = mean(values)
  const n = values.length
  if (n < 2) return { value, n, sd: null, low: null, high: null, method: null, level }
  const sd = standardDeviation(values)
  const [low, high] =
    interval === 't' ? tInterval(value, sd, n, level) : bootstrapInterval(values, level, resamples, seed)
  return { value, n, sd, low, high, method: interval, level }
}

/**
 * Returns the share of successes with Wilson's score interval (Wilson, 1927), which stays inside [0, 1].
 *
 * @throws UserError unless 0 ≤ successes ≤ n and n ≥ 1.
 */
export function wilson(successes: number, n: number, level = DEFAULT_LEVEL): Estimate {
  checkLevel(level)
  if (!(n >= 1 && successes >= 0 && successes <= n))
    throw new UserError({
      where: "Wilson's interval",
      expected: '0 ≤ successes ≤ n, n ≥ 1',
      found: `${successes} of ${n}`,
    })
  const z = jStat.normal.inv(0.5 + level / 2, 0, 1)
  const share = successes / n
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  // The ends are exact where they touch 0 and 1; rounding errors would leave them outside.
  const low = successes === 0 ? 0 : centre - half
  const high = successes === n ? 1 : centre + half
  return { value: share, n, sd: null, low, high, method: 'wilson', level }
}

/** Returns an estimate or a difference in another unit, e.g. a share in percent with a factor of 100. */
export function scaled<T extends Pick<Estimate, 'value' | 'sd' | 'low' | 'high'>>(estimated: T, factor: number): T {
  const times = (value: number | null): number | null => (value === null ? null : factor * value)
  const { value, sd, low, high } = estimated
  return { ...estimated, value: factor * value, sd: times(sd), low: times(low), high: times(high) }
}

/** Returns the arithmetic mean; NaN without values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Returns the standard deviation of a sample (divided by n − 1); NaN below two values. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1))
}

/** Returns the ends of Student's interval of a mean. */
export function tInterval(centre: number, sd: number, n: number, level = DEFAULT_LEVEL): [number, number] {
  const half = (tQuantile(level, n - 1) * sd) / Math.sqrt(n)
  return [centre - half, centre + half]
}

/** Returns the quantile of Student's t for a two-sided interval. */
export function tQuantile(level: number, df: number): number {
  return jStat.studentt.inv(0.5 + level / 2, df)
}

function bootstrapInterval(
  values: readonly number[],
  level: number,
  resamples: number,
  seed: number,
): [number, number] {
  const random = Random.of(seed, 'bootstrap')
  return percentiles(() => resampledMean(values, random), level, resamples)
}

/** Returns the mean of as many values drawn with replacement. */
export function resampledMean(values: readonly number[], random: Random): number {
  return mean(values.map(() => values[random.int(values.length)]!))
}

/** Returns the ends of a bootstrap's interval: the percentiles of a statistic of resampled values. */
export function percentiles(drawn: () => number, level: number, resamples: number): [number, number] {
  const sorted = Array.from({ length: resamples }, drawn).sort((a, b) => a - b)
  return [quantile(sorted, (1 - level) / 2), quantile(sorted, (1 + level) / 2)]
}

/** Returns a quantile of sorted values, interpolated linearly as numpy does by default; NaN without values. */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return below + (above - below) * (at - Math.floor(at))
}

/** Checks a confidence level. @throws UserError unless it is between 0 and 1. */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1))
    throw new UserError({
      where: 'level',
      expected: 'a confidence level between 0 and 1, e.g. 0.95',
      found: String(level),
    })
}

/** Checks a sample. @throws UserError unless it has `least` finite values. */
export function checkSample(where: string, values: readonly number[], least: number): void {
  const wrong = values.find((value) => !Number.isFinite(value))
  if (wrong !== undefined) throw new UserError({ where, expected: 'finite values', found: String(wrong) })
  if (values.length < least)
    throw new UserError({
      where,
      expected: least === 1 ? 'at least one value' : `at least ${least} values`,
      found: values.length === 0 ? 'none' : `${values.length}`,
    })
}
