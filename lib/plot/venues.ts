import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import type { FontFamily } from './drawing/fonts.js'

/** A name of {@link venues}. */
export type VenueName = 'neurips' | 'icml' | 'iclr' | 'ieee' | 'nature' | 'acl'

/** Size and type of figures in a venue's papers. */
export interface Venue {
  /** Width of one column in inches. */
  readonly single: number
  /** Width of the text across all columns in inches; that of the column where there is one. */
  readonly double: number
  /** `Tinos` has the metrics of Times, `Arimo` those of Helvetica and Arial. */
  readonly family: FontFamily
  /** Size of all text in points. */
  readonly points: number
  /** Whether grid lines are drawn. */
  readonly grid: boolean
}

const INCH_MM = 25.4

/**
 * Venues by name. Lines are as thick as in figures without a venue, relative to the text: curves 1.2 pt and axes 0.6 pt at
 * 8 pt, more than the 0.5 pt that ICML asks for.
 *
 * - `neurips`: text 5.5 in wide, in Times (neurips_2026.sty).
 * - `icml`: text 6.75 in wide in two columns of 3.25 in, in Times (ICML's example paper).
 * - `iclr`: text 5.5 in wide, in Times (iclr2027_conference.sty).
 * - `ieee`: 3.5 in and 7.16 in, Times or Helvetica, "approximately 9-10 point" (IEEE Author Center, size requirements and
 *   file formatting of graphics).
 * - `nature`: 89 mm and 183 mm, Arial or Helvetica of 5 to 7 pt, no grid lines (Nature research figure guide).
 * - `acl`: two columns of 7.7 cm with 0.6 cm between them, in Times (paper formatting guidelines of ACLPUB).
 *
 * Those that ask for no size of the type in figures have 8 pt.
 */
export const venues: Readonly<Record<VenueName, Venue>> = {
  neurips: { single: 5.5, double: 5.5, family: 'Tinos', points: 8, grid: true },
  icml: { single: 3.25, double: 6.75, family: 'Tinos', points: 8, grid: true },
  iclr: { single: 5.5, double: 5.5, family: 'Tinos', points: 8, grid: true },
  ieee: { single: 3.5, double: 7.16, family: 'Tinos', points: 9, grid: true },
  nature: { single: 89 / INCH_MM, double: 183 / INCH_MM, family: 'Arimo', points: 7, grid: false },
  acl: { single: 77 / INCH_MM, double: 160 / INCH_MM, family: 'Tinos', points: 8, grid: true },
}

/** Size of a figure on paper. */
export interface PrintOptions {
  /** Venue that sets width, font and size of the type. Default: none; the figure is 700 × 420 px (7.3 × 4.4 in). */
  readonly venue?: VenueName
  /** `double`: as wide as the text of a venue with two columns. Default `single`. */
  readonly column?: 'single' | 'double'
  /** Width in inches. Default: that of the venue's column. Without a venue, the type is Arimo of 8 pt. */
  readonly width?: number
  /** Height in inches. Default: 0.62 of the width (0.42 above 5 in), or as the figure's own width and height have it, plus room for the legend. */
  readonly height?: number
}

/** A checked {@link PrintOptions}: all in inches and points. */
export interface Print {
  readonly width: number
  /** null: to be chosen by the figure. */
  readonly height: number | null
  readonly family: FontFamily
  readonly points: number
  readonly grid: boolean
}

/** Inches: from one bar to a poster. */
const SIZES = [1, 40] as const

/**
 * Returns a venue and a column from words of a command line.
 *
 * @throws UserError for an unknown one.
 */
export function printFromWords({ venue, column }: { venue?: string; column?: string }): PrintOptions {
  return {
    ...(venue === undefined ? {} : { venue: venueNamed(venue) }),
    ...(column === undefined ? {} : { column: columnNamed(column) }),
  }
}

/**
 * Returns size and type on paper; null without a venue and a width.
 *
 * @throws UserError for an unknown venue or column, or a size outside 1 to 40 inches.
 */
export function printOf({ venue, column = 'single', width, height }: PrintOptions): Print | null {
  if (venue !== undefined) venueNamed(venue)
  columnNamed(column)
  checkInches('width', width)
  checkInches('height', height)
  if (venue === undefined && width === undefined) {
    if (height === undefined) return null
    throw new UserError({ where: 'height', expected: 'a venue or a width beside it', found: 'neither' })
  }
  const { family, points, grid, ...widths } = venues[venue ?? 'neurips']
  const own = venue === undefined ? ({ family: 'Arimo', points: 8, grid: true } as const) : { family, points, grid }
  return { ...own, width: width ?? widths[column], height: height ?? null }
}

function checkInches(where: string, value: number | undefined): void {
  if (value !== undefined && !(value >= SIZES[0] && value <= SIZES[1]))
    throw new UserError({ where, expected: `${SIZES[0]} to ${SIZES[1]} inches`, found: String(value) })
}

function venueNamed(name: string): VenueName {
  if (isVenue(name)) return name
  const near = didYouMean(name, Object.keys(venues))
  throw new UserError({
    where: 'venue',
    expected: `one of ${Object.keys(venues).join(', ')}`,
    found: JSON.stringify(name),
    ...(near === undefined ? {} : { todo: near }),
  })
}

function isVenue(name: string): name is VenueName {
  return Object.hasOwn(venues, name)
}

function columnNamed(name: string): 'single' | 'double' {
  if (name === 'single' || name === 'double') return name
  throw new UserError({ where: 'column', expected: 'single or double', found: JSON.stringify(name) })
}
