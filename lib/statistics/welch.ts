import { Random } from '../random.js'
import { type Difference, effectOf, pOfT } from './difference.js'
import {
  checkLevel,
  checkSample,
  DEFAULT_LEVEL,
  type EstimateOptions,
  mean,
  percentiles,
  resampledMean,
  standardDeviation,
  tQuantile,
} from './estimate.js'

/**
 * Returns the difference of two means, a − b, of values that are not paired: Welch's t test and interval with
 * Satterthwaite's degrees of freedom, or the percentiles of resampled differences; the effect is Cohen's d by the pooled SD.
 * Where one side has a single value, both are taken to have the SD of the other (Student's t; Crawford & Howell, 1998).
 *
 * @throws UserError unless one side has two values and the other one, all finite.
 */
export function welchDifference(a: readonly number[], b: readonly number[], options: EstimateOptions = {}): Difference {
  const { interval = 't', level = DEFAULT_LEVEL, resamples = 10_000, seed = 0 } = options
  checkLevel(level)
  checkSample('a difference', a, 1)
  checkSample('a difference', b, b.length >= 2 || a.length >= 2 ? 1 : 2)
  const [na, nb] = [a.length, b.length]
  const alone = na === 1 || nb === 1
  const [va, vb] = [varianceOf(a), varianceOf(b)]
  const value = mean(a) - mean(b)
  const pooled = Math.sqrt(((na - 1) * va + (nb - 1) * vb) / (na + nb - 2))
  const error = alone ? pooled * Math.sqrt(1 / na + 1 / nb) : Math.sqrt(va / na + vb / nb)
  const satterthwaite = (va / na + vb / nb) ** 2 / ((va / na) ** 2 / (na - 1) + (vb / nb) ** 2 / (nb - 1))
  const df = alone || error === 0 ? na + nb - 2 : satterthwaite
  const half = tQuantile(level, df) * error
  const [low, high] =
    interval === 'bootstrap' && !alone ? bootstrapped(a, b, level, resamples, seed) : [value - half, value + half]
  const t = error > 0 ? value / error : null
  return {
    value,
    n: [na, nb],
    sd: null,
    low,
    high,
    method: interval === 'bootstrap' && !alone ? 'bootstrap' : 't',
    level,
    test: alone ? "Student's t" : "Welch's t",
    statistic: t,
    df,
    p: t === null ? (value === 0 ? 1 : null) : pOfT(t, df),
    effect: effectOf('d', value, pooled, na + nb - 2),
  }
}

/** Returns the variance of a sample; 0 for a single value. */
function varianceOf(values: readonly number[]): number {
  return values.length < 2 ? 0 : standardDeviation(values) ** 2
}

function bootstrapped(
  a: readonly number[],
  b: readonly number[],
  level: number,
  resamples: number,
  seed: number,
): [number, number] {
  const random = Random.of(seed, 'bootstrap of a difference')
  return percentiles(() => resampledMean(a, random) - resampledMean(b, random), level, resamples)
}
