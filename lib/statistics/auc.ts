import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { checkLevel, DEFAULT_LEVEL, type Estimate, percentiles } from './estimate.js'

/** Options of {@link auc}. */
export interface AucOptions {
  /** Confidence level, between 0 and 1. Default 0.95. */
  readonly level?: number
  /** Resamples of the bootstrap. Default 1000; 0: no interval. */
  readonly resamples?: number
  /** Seed of the bootstrap. Default 0. */
  readonly seed?: number
}

/**
 * Returns the area under the ROC curve of a score: the probability that a positive case scores higher than a negative one,
 * ties counted as half (Mann–Whitney). Its interval is the percentiles of resampled cases; a score that separates the
 * cases perfectly has an interval of no width, whatever their number.
 *
 * @param scores one per case; a NaN is an error
 * @param positive whether each case is positive
 * @returns null unless there are positive and negative cases
 * @throws UserError for a score that is not a number, or other lengths.
 */
export function auc(
  scores: ArrayLike<number>,
  positive: ArrayLike<number | boolean>,
  { level = DEFAULT_LEVEL, resamples = 1000, seed = 0 }: AucOptions = {},
): Estimate | null {
  checkLevel(level)
  const n = scores.length
  if (positive.length !== n)
    throw new UserError({ where: 'auc', expected: `${n} cases`, found: `${positive.length} of them labelled` })
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!)
  if (order.some((i) => Number.isNaN(scores[i]!)))
    throw new UserError({ where: 'auc', expected: 'scores that are numbers', found: 'NaN' })
  const sorted = Float64Array.from(order, (i) => scores[i]!)
  const labels = Uint8Array.from(order, (i) => (positive[i]! ? 1 : 0))
  const value = areaOf(sorted, labels, new Uint32Array(n).fill(1))
  if (Number.isNaN(value)) return null
  if (resamples === 0) return { value, n, sd: null, low: null, high: null, method: null, level }
  const random = Random.of(seed, 'auc')
  const times = new Uint32Array(n)
  const [low, high] = percentiles(
    () => {
      for (;;) {
        times.fill(0)
        for (let i = 0; i < n; i++) times[random.int(n)]!++
        const area = areaOf(sorted, labels, times)
        // A resample of one kind of case has no area.
        if (!Number.isNaN(area)) return area
      }
    },
    level,
    resamples,
  )
  return { value, n, sd: null, low, high, method: 'bootstrap', level }
}

/** Returns the area of sorted cases, each taken a number of times; NaN without positive or negative cases. */
function areaOf(sorted: Float64Array, labels: Uint8Array, times: Uint32Array): number {
  let [positives, negatives, pairs] = [0, 0, 0]
  for (let at = 0; at < sorted.length; ) {
    let [tiedPositives, tiedNegatives] = [0, 0]
    const score = sorted[at]!
    for (; at < sorted.length && sorted[at] === score; at++)
      if (labels[at]) tiedPositives += times[at]!
      else tiedNegatives += times[at]!
    pairs += tiedPositives * (negatives + tiedNegatives / 2)
    positives += tiedPositives
    negatives += tiedNegatives
  }
  return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : Number.NaN
}
