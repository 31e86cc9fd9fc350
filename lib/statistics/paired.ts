import { UserError } from '../errors.js'
import { type Difference, effectOf, pOfT } from './difference.js'
import { checkSample, type EstimateOptions, estimate } from './estimate.js'

/**
 * Returns the mean difference a − b of paired values, with the paired t test, its interval (or a bootstrap of the
 * differences) and the effect d_z (Lakens, 2013, "Calculating and reporting effect sizes").
 *
 * @param a one value per pair
 * @param b as many, in the order of the pairs
 * @throws UserError for fewer than two pairs, other lengths, or values that are not finite.
 */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  options: EstimateOptions = {},
): Difference {
  if (a.length !== b.length)
    throw new UserError({ where: 'a paired difference', expected: `${a.length} values`, found: String(b.length) })
  const differences = a.map((value, i) => value - b[i]!)
  checkSample('a paired difference', differences, 2)
  const { value, n, sd, low, high, method, level } = estimate(differences, options)
  const [spread, df] = [sd!, n - 1]
  const t = spread > 0 ? value / (spread / Math.sqrt(n)) : null
  return {
    value,
    n,
    sd,
    low,
    high,
    method: method === 'bootstrap' ? 'bootstrap' : 't',
    level,
    test: 'paired t',
    statistic: t,
    df,
    p: t === null ? (value === 0 ? 1 : null) : pOfT(t, df),
    effect: effectOf('d_z', value, spread, df),
  }
}
