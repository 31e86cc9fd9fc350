import { UserError } from '../../errors.js'
import { Random } from '../../random.js'

/** Random values of a key in a sweep; see {@link uniform}, {@link logUniform} and {@link integers}. */
export interface Distribution {
  readonly distribution: 'uniform' | 'logUniform' | 'integers'
  /** The smallest value. */
  readonly low: number
  /** The limit of the values; of `integers` the largest one. */
  readonly high: number
}

/** Significant digits of a drawn number: tables, labels and command lines show all of it. */
const DIGITS = 4

/** Returns the uniform distribution over `[low, high)`. @throws UserError unless `low < high`, both finite. */
export function uniform(low: number, high: number): Distribution {
  return checked({ distribution: 'uniform', low, high }, Number.NEGATIVE_INFINITY)
}

/**
 * Returns the distribution over `[low, high)` whose logarithm is uniform, as for learning rates.
 *
 * @throws UserError unless `0 < low < high`, both finite.
 */
export function logUniform(low: number, high: number): Distribution {
  return checked({ distribution: 'logUniform', low, high }, Number.MIN_VALUE)
}

/** Returns the uniform distribution over the whole numbers from `low` to `high`. @throws UserError unless `low < high`. */
export function integers(low: number, high: number): Distribution {
  const found = checked({ distribution: 'integers', low, high }, Number.MIN_SAFE_INTEGER)
  if (Number.isSafeInteger(low) && Number.isSafeInteger(high)) return found
  throw wrong(found, 'two whole numbers')
}

/** Returns whether a value of a grid is a distribution. */
export function isDistribution(value: unknown): value is Distribution {
  return typeof value === 'object' && value !== null && 'distribution' in value && 'low' in value && 'high' in value
}

/**
 * Returns the draw of a key with a number, rounded to four significant digits. It depends on the seed, the key and the
 * number alone: more draws keep the earlier ones.
 */
export function drawn({ distribution, low, high }: Distribution, key: string, draw: number, seed: number): number {
  const random = Random.of(seed, 'sweep', key, draw)
  if (distribution === 'integers') return low + random.int(high - low + 1)
  const share = random.float()
  const value = distribution === 'uniform' ? low + share * (high - low) : low * (high / low) ** share
  return Number(value.toPrecision(DIGITS))
}

/**
 * Parses `uniform(0, 1)`, `logUniform(1e-5, 1e-2)` or `integers(1, 8)`; null for any other text.
 *
 * @throws UserError for limits that are not numbers, or out of order.
 */
export function distributionOf(text: string): Distribution | null {
  const [, name, limits] = /^\s*(uniform|logUniform|integers)\((.*)\)\s*$/.exec(text) ?? []
  if (name === undefined || limits === undefined) return null
  const [low, high, ...more] = limits.split(',').map((limit) => (limit.trim() === '' ? Number.NaN : Number(limit)))
  if (low === undefined || high === undefined || more.length > 0)
    throw new UserError({ where: text, expected: `${name}(LOW, HIGH)`, found: `${limits}`, exitCode: 2 })
  return { uniform, logUniform, integers }[name as Distribution['distribution']](low, high)
}

function checked(distribution: Distribution, least: number): Distribution {
  const { low, high } = distribution
  if (Number.isFinite(low) && Number.isFinite(high) && low >= least && low < high) return distribution
  throw wrong(distribution, least > 0 ? '0 < LOW < HIGH' : 'LOW < HIGH')
}

function wrong({ distribution, low, high }: Distribution, expected: string): UserError {
  return new UserError({ where: `${distribution}(LOW, HIGH)`, expected, found: `${low} and ${high}`, exitCode: 2 })
}
