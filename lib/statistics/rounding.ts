import type { Estimate } from './estimate.js'

/** A value and its uncertainty, rounded alike: the uncertainty to two significant digits, the value to as many decimals. */
export interface Rounded {
  readonly value: string
  /** null where none is known. */
  readonly uncertainty: string | null
}

/**
 * Returns a value rounded to match its uncertainty, as every table, label and verdict shows it: `87.43` and `2.13` become
 * `87.4` and `2.1`; `1234` and `312` become `1230` and `310`.
 *
 * @param uncertainty half the width of an interval, or a standard deviation; null for a value alone
 * @param digits significant digits of a value without uncertainty. Default 3.
 */
export function rounded(value: number, uncertainty: number | null = null, digits = 3): Rounded {
  if (uncertainty === null || !Number.isFinite(uncertainty) || uncertainty === 0)
    return {
      value: Number.isFinite(value) ? significant(value, digits) : String(value),
      uncertainty: uncertainty === 0 ? '0' : null,
    }
  const two = Number(Math.abs(uncertainty).toPrecision(2))
  const decimals = 1 - Math.floor(Math.log10(two))
  return { value: atDecimals(value, decimals), uncertainty: atDecimals(two, decimals) }
}

/** Returns `87.4 ± 2.1`; the value alone where there is no uncertainty. */
export function plusMinus(value: number, uncertainty: number | null = null): string {
  const { value: text, uncertainty: half } = rounded(value, uncertainty)
  return half === null ? text : `${text} ± ${half}`
}

/** Returns the ends of an interval, rounded as its half width is: `85.3 to 89.6`; null where there is none. */
export function intervalText({ low, high }: Pick<Estimate, 'low' | 'high'>): string | null {
  if (low === null || high === null) return null
  const half = (high - low) / 2
  return `${rounded(low, half).value} to ${rounded(high, half).value}`
}

/** Returns half the width of an estimate's interval; null where there is none. */
export function halfWidth({ low, high }: Pick<Estimate, 'low' | 'high'>): number | null {
  return low === null || high === null ? null : (high - low) / 2
}

/** Decimals of a percentage that is neither 0 nor 100 at most. */
const MOST_DECIMALS = 9

/**
 * Returns a share in percent with this many decimals, and with more where it would read `0.0` or `100.0` without being so: of 2,048
 * puzzles with one wrong, `99.95`.
 */
export function percentText(share: number, decimals = 1): string {
  const text = minusless((100 * share).toFixed(decimals))
  const isRounded = (Number(text) === 0 && share !== 0) || (Number(text) === 100 && share !== 1)
  return isRounded && decimals < MOST_DECIMALS ? percentText(share, decimals + 1) : text
}

/** Returns a confidence level in percent: `95 %`. */
export function levelPercent(level: number): string {
  return `${Number((100 * level).toPrecision(4))} %`
}

/** Returns a confidence level in words: `95 % interval`. */
export function levelText(level: number): string {
  return `${levelPercent(level)} interval`
}

/** Returns a p value as text: `p = 0.012`, `p < 0.001`. */
export function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${significant(p, 2)}`
}

function significant(value: number, digits: number): string {
  if (value === 0) return '0'
  const short = Number(value.toPrecision(digits))
  return atDecimals(short, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(short)))))
}

/** Returns a number with this many decimals; a negative count rounds to tens, hundreds and so on. */
function atDecimals(value: number, decimals: number): string {
  if (decimals > 0) return minusless(value.toFixed(Math.min(100, decimals)))
  const unit = 10 ** -decimals
  return minusless((Math.round(value / unit) * unit).toFixed(0))
}

/** Returns zero without a sign. */
const minusless = (text: string): string => (/^-0(\.0*)?$/.test(text) ? text.slice(1) : text)
