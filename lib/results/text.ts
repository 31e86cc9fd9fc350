import { visible } from '../escape/visible.js'
import { inlineJson } from '../files/cell.js'
import { displayWidth, pad, terminalWidth, wrapText } from './text-width.js'

/** Options of {@link formatTable}. */
export interface FormatTableOptions {
  /** Columns in order. Default: every key of the rows, in order of first appearance. */
  readonly columns?: readonly string[]
  /** Significant digits of non-integers. Default: 4. */
  readonly digits?: number
  /** Maximum width in terminal columns. Default: the terminal's width; unlimited when the output is not a terminal. */
  readonly width?: number
}

interface Column {
  readonly name: string
  readonly cells: readonly string[]
  readonly numeric: boolean
  /** Minimum width without breaking words or numbers. */
  readonly least: number
  width: number
}

const GAP = '  '
/** Maximum width of a word that is never broken: the ID of a run is one. */
const WHOLE_WORD = 32
/** Minimum width of a text column, when even one column beside the first is too wide. */
const MIN_TEXT = 8

/**
 * Formats rows as an aligned text table: numbers right-aligned with the same number of decimals per column, missing
 * values as `–`. A table wider than the terminal first wraps texts within their columns, then splits into blocks that
 * repeat the first column. Nothing is truncated up to 500 columns; of more, their number is said.
 *
 * @returns lines joined by newlines, without a trailing one; `(no rows)` when there are none.
 */
export function formatTable(rows: readonly Record<string, unknown>[], options: FormatTableOptions = {}): string {
  if (rows.length === 0) return '(no rows)'
  const names = options.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const columns = names.slice(0, MOST_COLUMNS).map((name) => formatColumn(name, rows, options.digits ?? 4))
  const width = options.width ?? terminalWidth() ?? Number.POSITIVE_INFINITY
  shrink(columns, width)
  const more = names.length > MOST_COLUMNS ? [`… and ${names.length - MOST_COLUMNS} more columns`] : []
  return [...blocks(columns, width).map(printBlock), ...more].join('\n\n')
}

/** Most columns of a printed table: nobody reads more, and fitting them to the width takes the square of their number. */
const MOST_COLUMNS = 500

function formatColumn(name: string, rows: readonly Record<string, unknown>[], digits: number): Column {
  const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined))
  const numeric = values.every((value) => value == null || typeof value === 'number' || typeof value === 'bigint')
  // Percentages always have a decimal.
  const fewest = name.endsWith('(%)') ? 1 : 0
  const decimals = numeric ? Math.max(fewest, decimalsOf(values, digits)) : null
  const cells = values.map((value) => formatCell(value, digits, decimals))
  const head = visible(name)
  const widest = (texts: readonly string[]): number =>
    texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0)
  const words = (texts: readonly string[]): number => Math.min(WHOLE_WORD, widest(texts.flatMap((t) => t.split(' '))))
  const least = Math.max(words([head]), numeric ? widest(cells) : words(cells))
  return { name: head, cells, numeric, least, width: widest([head, ...cells]) }
}

/** Returns the decimals that show every number of a column with its significant digits. */
function decimalsOf(values: readonly unknown[], digits: number): number {
  let decimals = 0
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isFinite(value) || Number.isInteger(value) || isTiny(value)) continue
    const [, fraction = ''] = String(round(value, digits)).split('.')
    if (!fraction.includes('e')) decimals = Math.max(decimals, fraction.length)
  }
  return decimals
}

function formatCell(value: unknown, digits: number, decimals: number | null): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return String(value)
    if (isTiny(value) || Math.abs(value) >= 1e15) return round(value, digits).toExponential()
    return decimals === null ? String(round(value, digits)) : value.toFixed(decimals)
  }
  if (typeof value === 'string') return visible(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
  if (typeof value === 'object') return visible(inlineJson(value))
  return String(value)
}

/** Returns whether a number is too small for decimals and is printed as `1e-5`. */
function isTiny(value: number): boolean {
  return value !== 0 && Math.abs(value) < 1e-4
}

function round(value: number, digits: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(digits))
}

/** Narrows the widest columns, the first one last, until the table fits or words and numbers would break. */
function shrink(columns: readonly Column[], width: number): void {
  const total = (): number => columns.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length)
  const narrow = (narrowed: readonly Column[]): void => {
    for (let excess = total() - width; excess > 0; excess--) {
      let widest: Column | undefined
      for (const column of narrowed)
        if (column.width > column.least && column.width > (widest?.width ?? 0)) widest = column
      if (!widest) return
      widest.width--
    }
  }
  narrow(columns.slice(1))
  narrow(columns.slice(0, 1))
  const first = columns[0]?.width ?? 0
  // Texts too wide on their own are narrowed; a number stays whole.
  for (const column of columns)
    if (!column.numeric)
      column.width = Math.min(
        column.width,
        Math.max(MIN_TEXT, width - (column === columns[0] ? MIN_TEXT + GAP.length : first + GAP.length)),
      )
}

/** Groups columns into blocks that fit the width; each block after the first repeats the first column. */
function blocks(columns: readonly Column[], width: number): Column[][] {
  const [first, ...rest] = columns
  if (!first) return []
  const all: Column[][] = [[first]]
  let used = first.width
  for (const column of rest) {
    const needed = GAP.length + column.width
    if (used + needed > width && all.at(-1)!.length > 1) {
      all.push([first])
      used = first.width
    }
    all.at(-1)!.push(column)
    used += needed
  }
  return all
}

function printBlock(columns: readonly Column[]): string {
  const row = (cell: (column: Column) => string): string[] => {
    const cells = columns.map((column) => wrapText(cell(column), column.width, { breakWords: !column.numeric }))
    const height = Math.max(...cells.map((lines) => lines.length))
    return Array.from({ length: height }, (_, i) =>
      columns
        .map(({ width, numeric }, at) => pad(cells[at]![i] ?? '', width, numeric ? 'left' : 'right'))
        .join(GAP)
        .trimEnd(),
    )
  }
  const head = [...row((column) => column.name), ...row((column) => '─'.repeat(column.width))]
  return [...head, ...columns[0]!.cells.flatMap((_, at) => row((column) => column.cells[at]!))].join('\n')
}
