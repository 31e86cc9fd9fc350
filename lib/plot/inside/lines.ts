import { type Estimate, scaled } from '../../statistics/estimate.js'
import { rounded } from '../../statistics/rounding.js'
import type { FigureOptions } from '../figure.js'
import type { Line } from '../line.js'
import { outlineColor } from '../template.js'

/** The meaning of bands that are Wilson's intervals of shares of puzzles, as a sentence of a caption. */
export const SHARE_BANDS = 'Bands: 95 % interval over puzzles (Wilson)'

/** The meaning of bands that are quartiles. */
export const QUARTILE_BANDS = 'Lines: median over puzzles; bands: quartiles'

/** More steps than this are drawn on a logarithmic axis. */
const MANY_STEPS = 32

/** Returns the options of an axis of supervision steps, logarithmic where there are many. */
export function stepAxis(steps: number): Pick<FigureOptions, 'x' | 'log'> {
  return { x: 'supervision step', log: steps > MANY_STEPS ? 'x' : 'none' }
}

/** Returns a line of shares in percent with their intervals as its band. */
export function shareLine(name: string, x: readonly number[], shares: readonly Estimate[]): Line {
  const percents = shares.map((share) => scaled(share, 100))
  return {
    name,
    x,
    y: percents.map(({ value }) => value),
    band: bandOf(percents),
    hover: percents.map(({ value, n }, i) => `step ${x[i]}: ${rounded(value).value} % of ${n} puzzles`),
  }
}

/** Returns the ends of intervals, NaN where there is none. */
export function bandOf(estimates: readonly Pick<Estimate, 'low' | 'high'>[]): NonNullable<Line['band']> {
  return {
    low: estimates.map(({ low }) => low ?? Number.NaN),
    high: estimates.map(({ high }) => high ?? Number.NaN),
  }
}

/** Returns an upright grey line, e.g. at the trained depth. */
export function uprightLine(name: string, x: number, [low, high]: readonly [number, number]): Line {
  return { name, x: [x, x], y: [low, high], color: outlineColor, dash: 'dot', width: 1.5 }
}

/** Returns a level grey line from one x to another. */
export function levelLine(name: string, y: number, [from, to]: readonly [number, number]): Line {
  return { name, x: [from, to], y: [y, y], color: outlineColor, dash: 'dashdot', width: 1.5 }
}

/** Returns the smallest positive and the largest finite value. @returns null without one */
export function positiveExtent(values: Iterable<number>): [number, number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, 0]
  for (const value of values)
    if (value > 0 && Number.isFinite(value)) {
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  return high > 0 ? [low, high] : null
}
