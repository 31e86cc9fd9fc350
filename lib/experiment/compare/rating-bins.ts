import { UserError } from '../../errors.js'
import { largest } from '../../statistics/largest.js'
import { rounded } from '../../statistics/rounding.js'

/** A range of ratings. */
export interface RatingBin {
  /** `0`, `1–9`, `≥ 10`; without whole ratings `0.5–1.5`, without the upper end. */
  readonly name: string
  has(rating: number): boolean
}

/** The most ratings that are a bin each, and the number of bins of more. */
const MOST_SINGLE = 6
const BINS = 5

/**
 * Returns ranges of ratings.
 *
 * @param ratings those to divide, at least one
 * @param bins the lower ends, ascending. Default: five ranges of about equally many puzzles, or each rating if they are six or
 * fewer
 * @throws UserError for lower ends that are not ascending, or all above the ratings.
 */
export function ratingBins(ratings: readonly number[], bins?: readonly number[]): RatingBin[] {
  const starts = bins ? checkedBins(bins, ratings) : defaultBins(ratings)
  const whole = ratings.every(Number.isInteger)
  const most = largest(ratings)
  return starts.map((start, i) => {
    const next = starts[i + 1]
    return {
      name: binName(start, next, most, whole),
      has: (rating) => rating >= start && (next === undefined || rating < next),
    }
  })
}

function checkedBins(bins: readonly number[], ratings: readonly number[]): readonly number[] {
  const wrong =
    bins.length === 0 || bins.some((start, i) => !Number.isFinite(start) || (i > 0 && start <= bins[i - 1]!))
  if (wrong || !ratings.some((rating) => rating >= bins[0]!))
    throw new UserError({
      where: 'bins',
      expected: 'ascending lower ends, the first at most the largest rating',
      found: `[${bins.join(', ')}]`,
    })
  return bins
}

function defaultBins(ratings: readonly number[]): number[] {
  const sorted = [...ratings].sort((a, b) => a - b)
  const distinct = [...new Set(sorted)]
  if (distinct.length <= MOST_SINGLE) return distinct
  const starts = Array.from({ length: BINS }, (_, i) => sorted[Math.floor((i * sorted.length) / BINS)]!)
  return [...new Set(starts)]
}

function binName(start: number, next: number | undefined, most: number, whole: boolean): string {
  const text = (value: number): string => (whole ? String(value) : rounded(value).value)
  if (next === undefined) return start === most ? text(start) : `≥ ${text(start)}`
  if (!whole) return `${text(start)}–${text(next)}`
  return next - start === 1 ? text(start) : `${text(start)}–${text(next - 1)}`
}
