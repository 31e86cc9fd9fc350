import { escapeLabel } from '../escape/plotly.js'
import type { FigureOptions } from './figure.js'

/** The most series that a legend names one by one. */
export const MOST_NAMED = 12

/** The number of series that are named where there are more: the best ones. */
const BEST_NAMED = 5

/** Colour of the series that are not named. */
export const manyColor = '#BDBDBD'

/** Option of figures that name the best series where there are many. */
export interface BetterOption {
  /** Which values are better: of more than twelve series only the best five are named, the others grey. Default `higher`. */
  readonly better?: 'higher' | 'lower'
}

/**
 * Returns the series that the legend names, and the others: all are named up to twelve, of more the best five.
 *
 * @param compared returns the value by which they are compared; NaN is never among the best
 */
export function namedAndOthers<T>(
  series: readonly T[],
  compared: (one: T) => number,
  { better = 'higher' }: BetterOption,
): { readonly named: readonly T[]; readonly others: readonly T[] } {
  if (series.length <= MOST_NAMED) return { named: series, others: [] }
  const sign = better === 'higher' ? -1 : 1
  const rank = (one: T): number => {
    const value = compared(one)
    return Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value
  }
  const best = new Set([...series].sort((a, b) => rank(a) - rank(b) || 0).slice(0, BEST_NAMED))
  return { named: series.filter((one) => best.has(one)), others: series.filter((one) => !best.has(one)) }
}

/** Returns the name to draw for a label: that of the option `names` if it has one, without markup. */
export function shownName(label: string, options: Pick<FigureOptions, 'names'>): string {
  return escapeLabel(nameOf(label, options))
}

/** Returns the name for a label as plain text. */
export function nameOf(label: string, { names = {} }: Pick<FigureOptions, 'names'>): string {
  return Object.hasOwn(names, label) ? names[label]! : label
}

/** Returns the legend's words for series that are drawn in grey: `482 more (names on hover)`. */
export function moreText(count: number): string {
  return `${count} more (names on hover)`
}
