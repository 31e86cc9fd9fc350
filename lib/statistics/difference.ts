import { jStat } from './distributions.js'

/** How an interval of a difference was made. */
export type DifferenceMethod = 't' | 'bootstrap' | 'newcombe'

/** The test behind a p value. */
export type DifferenceTest = 'paired t' | "Welch's t" | "Student's t" | 'two proportions' | 'exact McNemar'

/** The standardised size of a difference. */
export interface Effect {
  /** `d_z`: mean difference by the SD of the differences; `d`: by the pooled SD; `h`: difference of arcsines. */
  readonly name: 'd_z' | 'd' | 'h'
  readonly value: number
  /**
   * With Hedges' correction for small samples, which otherwise overstate it; null for `h`, and with one degree of freedom,
   * where the correction is 0.
   */
  readonly corrected: number | null
}

/** The difference of two means or shares, a − b, with what is known of its uncertainty; in the unit of the values. */
export interface Difference {
  readonly value: number
  /** Number of pairs, or of values on each side. */
  readonly n: number | readonly [number, number]
  /** SD of the paired differences; null where values are not paired. */
  readonly sd: number | null
  /** Ends of the confidence interval; null where there is none. */
  readonly low: number | null
  readonly high: number | null
  /** null where there is no interval. */
  readonly method: DifferenceMethod | null
  /** Confidence level of the interval. */
  readonly level: number
  /** null where there is none. */
  readonly test: DifferenceTest | null
  /** Value of the test's statistic: t, z, or the discordant pairs that favour a; null without a test. */
  readonly statistic: number | null
  /** Degrees of freedom of t; null for other tests. */
  readonly df: number | null
  /** Two-sided p value; null without a test, and where values without variance differ. */
  readonly p: number | null
  /** null where it is undefined, as without variance. */
  readonly effect: Effect | null
}

/** Returns the two-sided p value of Student's t: the regularised incomplete beta function, exact in the far tail. */
export function pOfT(t: number, df: number): number {
  return jStat.beta.cdf(df / (df + t * t), df / 2, 0.5)
}

/**
 * Returns Hedges' correction of a standardised difference, J = Γ(df / 2) / (√(df / 2) Γ((df − 1) / 2)) (Hedges, 1981);
 * null below two degrees of freedom.
 */
export function hedges(df: number): number | null {
  return df < 2 ? null : Math.exp(jStat.gammaln(df / 2) - jStat.gammaln((df - 1) / 2)) / Math.sqrt(df / 2)
}

/** Returns a standardised difference with its correction; null without a finite SD above 0. */
export function effectOf(name: 'd_z' | 'd', difference: number, sd: number, df: number): Effect | null {
  if (!(sd > 0)) return null
  const [value, correction] = [difference / sd, hedges(df)]
  return { name, value, corrected: correction === null ? null : value * correction }
}
