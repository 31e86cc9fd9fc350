import { UserError } from '../../errors.js'
import { Random } from '../../random.js'
import { checkLevel, type Estimate, percentiles, wilson } from '../../statistics/estimate.js'
import { type PowerLaw, powerLawOfErrors } from '../../statistics/power-law.js'
import { type Totals, UnitResampler, type UnitScores } from '../../statistics/unit-scores.js'

/** Least and largest depth, or number of rollouts, that a law is fitted to. */
export type FitRange = readonly [from: number, to: number]

/** Resamples of the bootstrap of an accuracy. */
const RESAMPLES = 2000

/**
 * Returns the accuracy over puzzles at each place of their scores with its interval, as shares: Wilson's where every puzzle is one
 * answer, right or wrong; else the percentiles of a bootstrap over puzzles. A single puzzle of several answers has no interval.
 *
 * @param units scores of the puzzles, at least one
 */
export function accuraciesOf(units: readonly UnitScores[], level: number): Estimate[] {
  checkLevel(level)
  const places = Array.from(units[0]!.sums, (_, place) => place)
  const answers = units.reduce((sum, { weight }) => sum + weight, 0)
  const isAnswer = (place: number): boolean =>
    units.every(({ weight, sums }) => weight === 1 && (sums[place] === 0 || sums[place] === 1))
  const parts = places.filter((place) => !isAnswer(place))
  const random = Random.of(0, 'accuracy over puzzles')
  const resampler = new UnitResampler(units, places.length)
  const drawn =
    units.length < 2 || parts.length === 0 ? [] : Array.from({ length: RESAMPLES }, () => resampler.drawn(random))
  return places.map((place): Estimate => {
    const right = units.reduce((sum, { sums }) => sum + sums[place]!, 0)
    if (!parts.includes(place)) return wilson(right, answers, level)
    const bare = { value: right / answers, n: units.length, sd: null, level }
    if (drawn.length === 0) return { ...bare, low: null, high: null, method: null }
    let next = 0
    const [low, high] = percentiles(() => shareAt(drawn[next++]!, place), level, drawn.length)
    return { ...bare, low, high, method: 'bootstrap' }
  })
}

function shareAt({ weight, sums }: Totals, place: number): number {
  return sums[place]! / weight
}

/** Points that a default range needs: two always lie on a law. */
const LEAST_POINTS = 3

/**
 * Returns the power law of the error over depths, or numbers of rollouts.
 *
 * @param from where the law begins by default, as training ends there; all points are taken where fewer than three are left
 * @returns null without errors at two of the points
 * @throws UserError (exit code 2) for a range without two points.
 */
export function lawOf(
  xs: readonly number[],
  units: readonly UnitScores[],
  { from, asked, level }: { from: number; asked?: FitRange | undefined; level: number },
): PowerLaw | null {
  const past = xs.filter((x) => x >= from)
  const used = asked ? fitted(xs, asked) : past.length >= LEAST_POINTS ? past : xs
  const places = used.map((x) => xs.indexOf(x))
  const scores = units.map(({ weight, sums }) => ({ weight, sums: places.map((place) => sums[place]!) }))
  return used.length < 2 ? null : powerLawOfErrors(used, scores, { level })
}

/** Returns the values that a law is fitted to. @throws UserError (exit code 2) for a range without two of them. */
export function fitted(xs: readonly number[], range: FitRange): number[] {
  const [from, to] = range
  const inside = xs.filter((x) => x >= from && x <= to)
  if (inside.length >= 2) return inside
  throw new UserError({
    where: 'fit',
    expected: `a range with two or more of ${xs.join(', ')}`,
    found: `${from} to ${to}, with ${inside.length === 0 ? 'none' : 'one'}`,
    exitCode: 2,
  })
}
