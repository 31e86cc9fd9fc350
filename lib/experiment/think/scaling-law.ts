import { UserError } from '../../errors.js'
import { Random } from '../../random.js'
import { checkLevel, type Estimate, percentiles, wilson } from '../../statistics/estimate.js'
import { type PowerLaw, powerLawOfErrors, type UnitScores } from '../../statistics/power-law.js'

/** Least and largest depth, or number of rollouts, that a law is fitted to. */
export type FitRange = readonly [from: number, to: number]

/** Resamples of the bootstrap of an accuracy. */
const RESAMPLES = 2000

/**
 * Returns an accuracy over puzzles with its interval, as a share: Wilson's where every puzzle is one answer, right or wrong; else
 * the percentiles of a bootstrap over puzzles. A single puzzle of several answers has no interval.
 *
 * @param units scores of the puzzles, at least one
 * @param place index in their sums
 */
export function accuracyOf(units: readonly UnitScores[], place: number, level: number): Estimate {
  checkLevel(level)
  const answers = units.reduce((sum, { weight }) => sum + weight, 0)
  const right = units.reduce((sum, { sums }) => sum + sums[place]!, 0)
  if (units.every(({ weight, sums }) => weight === 1 && (sums[place] === 0 || sums[place] === 1)))
    return wilson(right, answers, level)
  const bare = { value: right / answers, n: units.length, sd: null, level }
  if (units.length < 2) return { ...bare, low: null, high: null, method: null }
  const random = Random.of(0, 'accuracy over puzzles')
  const drawn = (): number => {
    let [weight, sum] = [0, 0]
    for (let i = 0; i < units.length; i++) {
      const unit = units[random.int(units.length)]!
      weight += unit.weight
      sum += unit.sums[place]!
    }
    return sum / weight
  }
  const [low, high] = percentiles(drawn, level, RESAMPLES)
  return { ...bare, low, high, method: 'bootstrap' }
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
