import { jStat } from '../statistics/distributions.js'

/**
 * Absolute values of a distribution that is symmetric about 0, as quantiles: `edges[i]` is exceeded with probability
 * 1 − i / {@link STRATA}. A draw picks a stratum, and a point of it uniformly.
 */
export interface Quantiles {
  /** `[STRATA + 1]` */
  readonly edges: Float32Array
  /** `[STRATA + 1]` quantiles of the values beyond `edges[STRATA - 1]`, which take a second draw; null: the last stratum is one like the others. */
  readonly tail: Float32Array | null
}

/** Number of strata of a table of quantiles. */
export const STRATA = 2048

/** Standard deviation of a standard normal truncated to [−2, 2]. */
const TRUNCATED_STD = 0.8796256610342398
const TRUNCATED_AT = 2

let standard: Quantiles | null = null
let truncated: Quantiles | null = null

/** Returns the standard normal distribution, up to 5.4 standard deviations. */
export function standardNormal(): Quantiles {
  standard ??= {
    // The last edge is never read: the last stratum is the tail.
    edges: quantiles((i) => Math.min(i, STRATA - 0.5) / STRATA),
    tail: quantiles((i) => 1 - (1 - Math.min(i, STRATA - 0.5) / STRATA) / STRATA),
  }
  return standard
}

/** Returns the normal distribution truncated at two standard deviations, rescaled to a standard deviation of 1. */
export function truncatedNormal(): Quantiles {
  const within = 2 * jStat.normal.cdf(TRUNCATED_AT, 0, 1) - 1
  truncated ??= { edges: quantiles((i) => (within * i) / STRATA).map((edge) => edge / TRUNCATED_STD), tail: null }
  return truncated
}

/** @param share share of the absolute values that is below edge i */
function quantiles(share: (i: number) => number): Float32Array {
  return Float32Array.from({ length: STRATA + 1 }, (_, i) => jStat.normal.inv(0.5 + share(i) / 2, 0, 1))
}
