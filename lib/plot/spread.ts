import { UserError } from '../errors.js'
import { DEFAULT_LEVEL, type Estimate, estimate, mean } from '../statistics/estimate.js'
import { halfWidth, plusMinus, rounded } from '../statistics/rounding.js'
import type { Trace } from './figure.js'
import { outlineColor, withOpacity } from './template.js'

/**
 * The uncertainty of a mean over seeds that a figure draws: `interval`, its 95 % confidence interval (Student's t);
 * `range`, from the least to the largest seed; `none`.
 */
export type Band = 'interval' | 'range' | 'none'

/** Options of figures that draw the uncertainty of means. */
export interface BandOptions {
  /** Default `interval`. One seed has neither an interval nor a range. */
  readonly band?: Band
}

/** A mean over seeds, with the ends of its band. */
export interface Spread {
  readonly value: number
  /** Number of seeds with a finite value. */
  readonly n: number
  /** null where no band is known: below two values, or with the band `none`. */
  readonly low: number | null
  readonly high: number | null
  readonly band: Band
  /** Puzzles that Wilson's interval of a single run is over. Default: the band is over seeds. */
  readonly puzzles?: number
}

/** Returns the mean of the finite values with the ends of its band; null without a finite value. */
export function spreadOf(values: readonly number[], band: Band = 'interval'): Spread | null {
  const finite = values.filter(Number.isFinite)
  const n = finite.length
  if (n === 0) return null
  if (n === 1 || band === 'none') return { value: mean(finite), n, low: null, high: null, band }
  if (band === 'range') return { value: mean(finite), n, low: Math.min(...finite), high: Math.max(...finite), band }
  const { value, low, high } = estimate(finite)
  return { value, n, low, high, band }
}

/** Returns an estimate over seeds, or over the puzzles of a single run, as the spread that a figure draws. */
export function spreadOfEstimate({ value, n, low, high, method }: Estimate): Spread {
  return method === 'wilson'
    ? { value, n: 1, low, high, band: 'interval', puzzles: n }
    : { value, n, low, high, band: 'interval' }
}

/** Returns a mean as text: `87.4 ± 2.1`, `87.4 (85.0 to 90.0)` for a range, the value alone without a band. */
export function spreadText({ value, low, high, band }: Spread): string {
  const half = halfWidth({ low, high })
  if (low === null || high === null || band !== 'range') return plusMinus(value, half)
  const at = (end: number): string => rounded(end, half).value
  return `${at(value)} (${at(low)} to ${at(high)})`
}

/** Returns `3 seeds`, `1 seed`, or `2 to 3 seeds` where the counts differ. */
export function seedsText(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return `${least === most ? most : `${least} to ${most}`} ${most === 1 ? 'seed' : 'seeds'}`
}

/** Returns the meaning of bands over seeds: `95 % interval, 3 seeds`; null if none of the counts has a band. */
export function bandText(band: Band, counts: readonly number[]): string | null {
  if (band === 'none' || !counts.some((n) => n > 1)) return null
  return `${band === 'range' ? 'range' : INTERVAL}, ${seedsText(counts)}`
}

/**
 * Returns the meaning of the bands of spreads: `95 % interval, 3 seeds`, `95 % interval over puzzles`, or both as
 * `95 % interval, 3 seeds; of single runs over puzzles`; null without bands.
 */
export function spreadsText(spreads: readonly Spread[]): string | null {
  const banded = spreads.filter(({ low }) => low !== null)
  const [first] = banded
  if (first === undefined) return null
  if (banded.every(isOverPuzzles)) return `${INTERVAL} over puzzles`
  const counts = spreads.filter((spread) => !isOverPuzzles(spread)).map(({ n }) => n)
  const text = `${first.band === 'range' ? 'range' : INTERVAL}, ${seedsText(counts)}`
  return banded.some(isOverPuzzles) ? `${text}; of single runs over puzzles` : text
}

function isOverPuzzles({ puzzles }: Spread): boolean {
  return puzzles !== undefined
}

/** Returns the meaning of bands or error bars as a sentence of a caption; no sentence without them. */
export function bandSentence(what: 'Bands' | 'Error bars', meaning: string | null): string[] {
  if (meaning === null) return []
  const methods = [
    ...(meaning.startsWith(`${INTERVAL}, `) ? ["Student's t"] : []),
    ...(meaning.endsWith('over puzzles') ? ['Wilson'] : []),
  ]
  return [`${what}: ${meaning}${methods.length > 0 ? ` (${methods.join(', ')})` : ''}`]
}

const INTERVAL = `${Math.round(100 * DEFAULT_LEVEL)} % interval`

/** Returns a trace without points whose legend entry explains shaded bands; no trace without bands. */
export function bandKey(band: Band, counts: readonly number[]): Trace[] {
  const name = bandText(band, counts)
  const look = { symbol: 'square', size: 11, color: withOpacity(outlineColor, 0.3), line: { width: 0 } }
  return name === null ? [] : [keyTrace(name, look)]
}

/** Returns a trace without points whose legend entry explains error bars; no trace without them. */
export function barKey(spreads: readonly Spread[]): Trace[] {
  const name = spreadsText(spreads)
  return name === null ? [] : [keyTrace(name, { symbol: 'line-ns-open', size: 11, color: outlineColor })]
}

/** Returns a trace without points, for an entry of the legend. */
export function keyTrace(name: string, marker: Readonly<Record<string, unknown>>): Trace {
  const look = { size: 11, ...marker }
  // After the names of the series, whose rank is 1000.
  return {
    type: 'scatter',
    mode: 'markers',
    name,
    x: [null],
    y: [null],
    marker: look,
    hoverinfo: 'skip',
    legendrank: 1100,
  }
}

/** A value with the ends of its band, which are null or NaN without one. */
type Ends = Pick<Spread, 'value' | 'low' | 'high'>

/** Returns plotly's error bars of spreads, one per point; spreads without a band have none. */
export function errorBars(spreads: readonly (Ends | null)[], color: string = outlineColor): Record<string, unknown> {
  const end = (at: 'low' | 'high') => (spread: Ends | null) =>
    spread && Number.isFinite(spread.low) && Number.isFinite(spread.high) ? Math.abs(spread[at]! - spread.value) : null
  return {
    type: 'data',
    symmetric: false,
    array: spreads.map(end('high')),
    arrayminus: spreads.map(end('low')),
    color,
    thickness: 1.25,
    width: 4,
  }
}

/** @throws UserError unless the band is one of {@link Band}. */
export function checkBand(band: Band): Band {
  if (band === 'interval' || band === 'range' || band === 'none') return band
  throw new UserError({ where: 'band', expected: 'interval, range or none', found: JSON.stringify(band) })
}
