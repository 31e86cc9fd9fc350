import { isShare } from '../../evaluate/metric-names.js'
import type { Difference } from '../../statistics/difference.js'
import { intervalText, levelText, plusMinus, pText, rounded } from '../../statistics/rounding.js'
import type { ReportedDifference } from './reported-difference.js'

/** Facts from which a verdict is written. */
export interface VerdictParts {
  readonly a: string
  readonly b: string
  readonly metric: string
  /** Whether higher or lower values are better; null where neither is. */
  readonly direction: 'higher' | 'lower' | null
  readonly difference: Difference
  readonly reported: ReportedDifference | null
  /** The number of values behind the difference, e.g. `3 seeds`. */
  readonly evidence: string
}

/** Returns which arm has the larger value beyond doubt of the interval: null where the interval includes 0, or none exists. */
export function clearlyLarger({ value, low, high }: Pick<Difference, 'value' | 'low' | 'high'>): 'a' | 'b' | null {
  if (low === null || high === null || (low <= 0 && high >= 0)) return null
  return value > 0 ? 'a' : 'b'
}

/**
 * Returns a comparison as a sentence: `mlp better by 95.7 ± 2.1 points, 3 seeds; the paper: 12.7`, or `no difference seen:
 * mlp − attention = 1.2 ± 3.4 points, 3 seeds, the 95 % interval includes 0`.
 */
export function verdictText({ a, b, metric, direction, difference, reported, evidence }: VerdictParts): string {
  const larger = clearlyLarger(difference)
  const { value, low, level } = difference
  const unit = isShare(metric) ? ' points' : ''
  if (value === 0 && low === difference.high)
    return `no difference: ${a} and ${b} are equal, ${evidence}${paperText(reported, 1)}`
  if (larger === null && low !== null)
    return `no difference seen: ${a} − ${b} = ${differenceText(difference)}${unit}, ${evidence}, the ${levelText(level)} includes 0${paperText(reported, 1)}`
  const isA = value > 0 === (direction !== 'lower')
  const sign = value > 0 ? 1 : -1
  const size = differenceText(sign > 0 ? difference : negated(difference))
  const words = `${isA ? a : b} ${direction === null ? 'higher' : 'better'} by ${size}${unit}, ${evidence}`
  return `${words}${low === null ? ', no interval' : ''}${paperText(reported, sign)}`
}

/** Returns `95.7 ± 2.1`; `12.0 (8.1 to 15.7)` for an interval that is not symmetric; the value alone without an interval. */
export function differenceText(difference: Difference): string {
  const { value, low, high, method } = difference
  return withMinus(
    low === null || high === null || low === high
      ? plusMinus(value)
      : method === 't'
        ? plusMinus(value, (high - low) / 2)
        : `${rounded(value, (high - low) / 2).value} (${intervalText(difference)})`,
  )
}

/** Writes negative numbers with a minus sign, as the names of arms may have hyphens. */
export function withMinus(text: string): string {
  return text.replace(/(?<![\w.])-(?=\d)/g, '−')
}

/** Returns test and effect as a line: `paired t(2) = 68.2, p < 0.001; d_z = 39.4, 22.2 with Hedges' correction`. */
export function testText({ test, statistic, df, p, effect, n }: Difference): string {
  const short = (value: number): string => withMinus(rounded(value).value)
  const parts = [
    ...(test === null ? [] : [statisticText(test, statistic, df, n, short)]),
    ...(p === null ? [] : [pText(p)]),
  ].filter((part) => part !== '')
  const corrected = effect?.corrected == null ? '' : `, ${short(effect.corrected)} with Hedges' correction`
  return [parts.join(', '), effect ? `${effect.name} = ${short(effect.value)}${corrected}` : '']
    .filter((part) => part !== '')
    .join('; ')
}

function statisticText(
  test: NonNullable<Difference['test']>,
  statistic: number | null,
  df: number | null,
  n: Difference['n'],
  short: (value: number) => string,
): string {
  if (test === 'exact McNemar') return `exact McNemar test of ${String(n)} puzzles`
  if (statistic === null) return test
  return df === null
    ? `${test}, z = ${short(statistic)}`
    : `${test}(${Number.isInteger(df) ? df : short(df)}) = ${short(statistic)}`
}

function negated(difference: Difference): Difference {
  const { value, low, high } = difference
  return { ...difference, value: -value, low: high === null ? null : -high, high: low === null ? null : -low }
}

function paperText(reported: ReportedDifference | null, sign: 1 | -1): string {
  if (reported === null) return ''
  const value = Number((sign * reported.value).toFixed(4))
  const text = withMinus(String(Number(value.toPrecision(3))))
  return `; ${reported.methods === null ? reported.source : 'the paper'}: ${text}`
}
