import { rounded } from '../statistics/rounding.js'

/** Returns the floating-point operations of multiply-accumulates: a multiplication and an addition each. */
export function flopsOf(macs: number): number {
  return 2 * macs
}

/** SI prefixes in steps of 1000. */
const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'] as const

/** Returns the largest SI prefix in which a number is at least 1 when written with three digits, and what it stands for. */
export function macUnit(macs: number): { readonly prefix: (typeof PREFIXES)[number]; readonly size: number } {
  const power = macs >= 1 ? Math.floor(Math.log10(Number(macs.toPrecision(3))) / 3) : 0
  const fitting = Math.min(PREFIXES.length - 1, power)
  return { prefix: PREFIXES[fitting]!, size: 1000 ** fitting }
}

/** Returns multiply-accumulates with three digits and the unit of {@link macUnit}: `12.8 GMAC`. */
export function macText(macs: number): string {
  const { prefix, size } = macUnit(macs)
  return `${rounded(macs / size).value} ${prefix}MAC`
}
