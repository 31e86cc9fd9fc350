import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { checkLevel, DEFAULT_LEVEL, type Estimate, mean, percentiles, tInterval } from './estimate.js'
import { halfWidth, plusMinus } from './rounding.js'
import { type Totals, UnitResampler, type UnitScores } from './unit-scores.js'

/** A point that a power law is fitted to. */
export interface PowerPoint {
  readonly x: number
  readonly y: number
}

/** The power law y = a·x^(−b) fitted to points. */
export interface PowerLaw {
  /**
   * b, positive where y falls with x. Its interval is Student's t with n − 2 degrees of freedom over the points, or a
   * bootstrap's over puzzles; its `n` is the number of points, or of puzzles.
   */
  readonly exponent: Estimate
  /** a, the value at x = 1. */
  readonly coefficient: number
  /** Share of the variance of log y that the law explains; 1 for two points. */
  readonly r2: number
  /** The exponent from the first and the last point alone. */
  readonly endToEnd: number
  /** Number of points. */
  readonly points: number
  /** Least and largest x of the points: the law says nothing about others. */
  readonly from: number
  readonly to: number
}

/**
 * Returns the power law y = a·x^(−b) by least squares of log y on log x, as `scipy.stats.linregress` of the logarithms.
 *
 * @param points of at least two different x, all positive
 * @param level confidence level of the exponent's interval, which is Student's t over the points: it takes them as independent,
 * which values of the same puzzles are not; {@link powerLawOfErrors} resamples puzzles instead
 * @throws UserError for fewer than two different x, and for a value that is not positive.
 */
export function powerLaw(points: readonly PowerPoint[], level: number = DEFAULT_LEVEL): PowerLaw {
  checkLevel(level)
  checkPoints(points)
  const { slope, intercept, residual, spread, r2 } = line(points)
  const n = points.length
  const value = -slope
  const df = n - 2
  const sd = df > 0 ? Math.sqrt(residual / df / spread) : null
  // Student's interval of a mean of n values has the quantile of n − 1 degrees of freedom and the error sd / √n.
  const [low, high] = sd === null ? [null, null] : tInterval(value, sd * Math.sqrt(df + 1), df + 1, level)
  const exponent: Estimate = { value, n, sd, low, high, method: sd === null ? null : 't', level }
  return { exponent, coefficient: Math.exp(intercept), r2, ...rangeOf(points) }
}

/** Options of {@link powerLawOfErrors}. */
export interface ErrorFitOptions {
  /** Confidence level. Default 0.95. */
  readonly level?: number
  /** Resamples of the bootstrap. Default 2,000. */
  readonly resamples?: number
  /** Seed of the bootstrap. Default 0. */
  readonly seed?: number
}

/**
 * Returns the power law of an error, 1 − accuracy, over x, with the percentiles of a bootstrap over puzzles (a puzzle brings its
 * scores at every x, so that the dependence between the points is kept; Efron & Tibshirani, 1993, chapter 13).
 *
 * @param xs positive, one per column of the scores
 * @param units one per puzzle
 * @returns null where fewer than two x have an error above 0; without an interval if more than 1 of 20 resamples has no error at
 * some x, whose logarithm does not exist
 * @throws UserError for an x that is not positive, and without puzzles.
 */
export function powerLawOfErrors(
  xs: readonly number[],
  units: readonly UnitScores[],
  { level = DEFAULT_LEVEL, resamples = 2000, seed = 0 }: ErrorFitOptions = {},
): PowerLaw | null {
  checkLevel(level)
  if (units.length === 0) throw new UserError({ where: 'power law', expected: 'at least one puzzle', found: 'none' })
  const resampler = new UnitResampler(units, xs.length)
  const all = errorsOf(resampler.all())
  const used = xs.flatMap((_, i) => (all[i]! > 0 ? [i] : []))
  if (new Set(used.map((i) => xs[i])).size < 2) return null
  const pointsOf = (errors: ArrayLike<number>): PowerPoint[] => used.map((i) => ({ x: xs[i]!, y: errors[i]! }))
  const { exponent, ...law } = powerLaw(pointsOf(all), level)
  const random = Random.of(seed, 'power law')
  const drawn: number[] = []
  for (let resample = 0; resample < resamples; resample++) {
    const points = pointsOf(errorsOf(resampler.drawn(random)))
    if (points.every(({ y }) => y > 0)) drawn.push(-line(points).slope)
  }
  const bare = { value: exponent.value, n: units.length, level }
  if (units.length < 2 || drawn.length < 0.95 * resamples)
    return { ...law, exponent: { ...bare, sd: null, low: null, high: null, method: null } }
  let next = 0
  const [low, high] = percentiles(() => drawn[next++]!, level, drawn.length)
  const centre = mean(drawn)
  const sd = Math.sqrt(drawn.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (drawn.length - 1))
  return { ...law, exponent: { ...bare, sd, low, high, method: 'bootstrap' } }
}

/** Returns a law's y at x. */
export function powerAt({ coefficient, exponent }: Pick<PowerLaw, 'coefficient' | 'exponent'>, x: number): number {
  return coefficient * x ** -exponent.value
}

/**
 * Returns a law in words: `error ∝ D^(−0.42 ± 0.05)`; without a minus where the error grows.
 *
 * @param symbol of x, e.g. `D`
 */
export function powerText({ exponent }: Pick<PowerLaw, 'exponent'>, symbol: string): string {
  const text = plusMinus(Math.abs(exponent.value), halfWidth(exponent))
  return `error ∝ ${symbol}^(${exponent.value < 0 ? '' : '−'}${text})`
}

/** An error that is smaller is one of rounding: a single wrong cell of 10⁸ is larger. */
const LEAST_ERROR = 1e-10

/** Returns the share of wrong answers at each x. */
function errorsOf({ weight, sums }: Totals): Float64Array {
  return sums.map((sum) => {
    const error = (weight - sum) / weight
    return error < LEAST_ERROR ? 0 : error
  })
}

/** Returns the straight line through the logarithms, with the sums of squares that its error needs. */
function line(points: readonly PowerPoint[]): {
  slope: number
  intercept: number
  residual: number
  spread: number
  r2: number
} {
  const xs = points.map(({ x }) => Math.log(x))
  const ys = points.map(({ y }) => Math.log(y))
  const [mx, my] = [mean(xs), mean(ys)]
  const spread = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0)
  const slope = xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i]! - my), 0) / spread
  const intercept = my - slope * mx
  const residual = ys.reduce((sum, y, i) => sum + (y - intercept - slope * xs[i]!) ** 2, 0)
  const total = ys.reduce((sum, y) => sum + (y - my) ** 2, 0)
  return { slope, intercept, residual, spread, r2: total > 0 ? 1 - residual / total : 1 }
}

function rangeOf(points: readonly PowerPoint[]): Pick<PowerLaw, 'endToEnd' | 'points' | 'from' | 'to'> {
  const sorted = points.toSorted((a, b) => a.x - b.x)
  const [first, last] = [sorted[0]!, sorted.at(-1)!]
  const endToEnd = -Math.log(last.y / first.y) / Math.log(last.x / first.x)
  return { endToEnd, points: points.length, from: first.x, to: last.x }
}

function checkPoints(points: readonly PowerPoint[]): void {
  const wrong = points.flatMap(({ x, y }) => [x, y]).find((value) => !(Number.isFinite(value) && value > 0))
  if (wrong !== undefined)
    throw new UserError({
      where: 'power law',
      expected: 'positive values, which have logarithms',
      found: String(wrong),
    })
  const different = new Set(points.map(({ x }) => x)).size
  if (different < 2)
    throw new UserError({
      where: 'power law',
      expected: 'points at two or more different x',
      found: different === 0 ? 'none' : 'one x',
    })
}
