import type { Difference } from './difference.js'
import { jStat } from './distributions.js'
import { DEFAULT_LEVEL, wilson } from './estimate.js'

/** Successes among trials. */
export interface Proportion {
  readonly count: number
  readonly of: number
}

/**
 * Returns the difference of two independent shares, a − b: Newcombe's interval from Wilson's (Newcombe, 1998, Statistics
 * in Medicine 17:873, method 10), the pooled z test, and the effect h = 2 asin √a − 2 asin √b (Cohen).
 *
 * @throws UserError unless 0 ≤ count ≤ of and of ≥ 1.
 */
export function proportionsDifference(a: Proportion, b: Proportion, level: number = DEFAULT_LEVEL): Difference {
  const [x, y] = [wilson(a.count, a.of, level), wilson(b.count, b.of, level)]
  const value = x.value - y.value
  const common = (a.count + b.count) / (a.of + b.of)
  const error = Math.sqrt(common * (1 - common) * (1 / a.of + 1 / b.of))
  const z = error > 0 ? value / error : 0
  return {
    value,
    n: [a.of, b.of],
    sd: null,
    low: value - Math.hypot(x.value - x.low!, y.high! - y.value),
    high: value + Math.hypot(x.high! - x.value, y.value - y.low!),
    method: 'newcombe',
    level,
    test: 'two proportions',
    statistic: z,
    df: null,
    p: Math.min(1, 2 * jStat.normal.cdf(-Math.abs(z), 0, 1)),
    effect: arcsines(x.value, y.value),
  }
}

/** How many puzzles two runs solve: both, only one of them, neither. */
export interface PairedCounts {
  readonly both: number
  readonly onlyA: number
  readonly onlyB: number
  readonly neither: number
}

/**
 * Returns the difference of two shares of the same puzzles, a − b: Newcombe's interval for paired shares (Newcombe, 1998,
 * Statistics in Medicine 17:2635, method 10) and the exact test of McNemar, a binomial test of the puzzles that only one
 * solves.
 *
 * @throws UserError without puzzles.
 */
export function pairedProportions(counts: PairedCounts, level: number = DEFAULT_LEVEL): Difference {
  const { both, onlyA, onlyB, neither } = counts
  const n = both + onlyA + onlyB + neither
  const [x, y] = [wilson(both + onlyA, n, level), wilson(both + onlyB, n, level)]
  const value = (onlyA - onlyB) / n
  const phi = correlation(counts)
  const [belowX, aboveX] = [x.value - x.low!, x.high! - x.value]
  const [belowY, aboveY] = [y.value - y.low!, y.high! - y.value]
  const root = (square: number): number => Math.sqrt(Math.max(0, square))
  return {
    value,
    n,
    sd: null,
    low: value - root(belowX ** 2 - 2 * phi * belowX * aboveY + aboveY ** 2),
    high: value + root(aboveX ** 2 - 2 * phi * aboveX * belowY + belowY ** 2),
    method: 'newcombe',
    level,
    test: 'exact McNemar',
    statistic: onlyA,
    df: null,
    p: mcnemar(onlyA, onlyB),
    effect: arcsines(x.value, y.value),
  }
}

/** Returns the two-sided p value of McNemar's exact test from the numbers of pairs in which only one side succeeds. */
export function mcnemar(onlyA: number, onlyB: number): number {
  const [least, n] = [Math.min(onlyA, onlyB), onlyA + onlyB]
  if (2 * least >= n - 1) return 1
  // The binomial's lower tail at p = 1/2, from its largest term down, relative to that term.
  let [sum, term] = [1, 1]
  for (let k = least; k > 0 && term > 1e-17 * sum; k--) {
    term *= k / (n - k + 1)
    sum += term
  }
  const largest = logFactorial(n) - logFactorial(least) - logFactorial(n - least) - n * Math.LN2
  return Math.min(1, 2 * Math.exp(largest + Math.log(sum)))
}

/** Returns ln n!, by Stirling's series from n = 16 on. */
function logFactorial(n: number): number {
  if (n < 16) return Math.log(Array.from({ length: n }, (_, i) => i + 1).reduce((product, i) => product * i, 1))
  return (
    (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n) - 1 / (360 * n ** 3) + 1 / (1260 * n ** 5)
  )
}

/** Returns Newcombe's correlation of paired outcomes, corrected for continuity where it is positive; 0 on an empty margin. */
function correlation({ both, onlyA, onlyB, neither }: PairedCounts): number {
  const margins = (both + onlyA) * (onlyB + neither) * (both + onlyB) * (onlyA + neither)
  if (margins === 0) return 0
  const product = both * neither - onlyA * onlyB
  const half = (both + onlyA + onlyB + neither) / 2
  return (product > 0 ? Math.max(0, product - half) : product) / Math.sqrt(margins)
}

function arcsines(a: number, b: number): Difference['effect'] {
  return { name: 'h', value: 2 * Math.asin(Math.sqrt(a)) - 2 * Math.asin(Math.sqrt(b)), corrected: null }
}
