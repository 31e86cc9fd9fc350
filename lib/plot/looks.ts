import { escapeLabel, type FigureOptions } from './figure.js'

/** The most series whose looks differ, and whose names a legend can hold: more are a search, not a legend. */
export const MOST_NAMED = 18

/** Colour of the series beyond {@link MOST_NAMED}. */
export const manyColor = '#BDBDBD'

/** Returns the name to draw for a label: that of the option `names` if it has one, without markup. */
export function shownName(label: string, { names = {} }: Pick<FigureOptions, 'names'>): string {
  return escapeLabel(Object.hasOwn(names, label) ? names[label]! : label)
}

/** Returns the legend's words for series that are drawn in grey: `482 more (names on hover)`. */
export function moreText(count: number): string {
  return `${count} more (names on hover)`
}
