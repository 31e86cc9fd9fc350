import type { Mark } from './puzzle-board.js'

/** How a mark is told apart: by colours that are safe for every kind of colour blindness, and by a sign beside them. */
export interface MarkLook {
  /** In a legend. */
  readonly words: string
  /** In a picture. */
  readonly color: string
  /** Behind white letters in a terminal. */
  readonly fill: string
  /** After a digit in text. */
  readonly sign: string
  /** In the place of a cell without letters in a coloured terminal. */
  readonly cell: string
}

/** Vermilion and blue of Okabe and Ito's palette, and for a terminal darker ones. */
export const markLooks: Readonly<Record<Exclude<Mark, 'none'>, MarkLook>> = {
  wrong: { words: 'wrong', color: '#D55E00', fill: '#B34A00', sign: '!', cell: '><' },
  changed: { words: 'changed since the step before', color: '#0072B2', fill: '#0063A0', sign: '*', cell: '··' },
}
