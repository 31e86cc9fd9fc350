import type { Mark } from './puzzle-board.js'

/** The appearance of a mark: a colour that is safe for every kind of colour blindness, and a sign. */
export interface MarkLook {
  /** Text in a legend. */
  readonly words: string
  /** Colour in a picture. */
  readonly color: string
  /** Background behind white letters in a terminal. */
  readonly fill: string
  /** Sign after a digit in text. */
  readonly sign: string
  /** Text that replaces a cell without letters in a coloured terminal. */
  readonly cell: string
}

/** Vermilion and blue of Okabe and Ito's palette, with darker ones for a terminal. */
export const markLooks: Readonly<Record<Exclude<Mark, 'none'>, MarkLook>> = {
  wrong: { words: 'wrong', color: '#D55E00', fill: '#B34A00', sign: '!', cell: '><' },
  changed: { words: 'changed since the previous step', color: '#0072B2', fill: '#0063A0', sign: '*', cell: '··' },
}
