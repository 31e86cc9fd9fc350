import { clip, displayWidth, pad } from './text-width.js'

/** How a table is printed; see {@link formatTable}. */
export interface FormatTableOptions {
  /** Columns in order. Default: every key of the rows, in order of first appearance. */
  readonly columns?: readonly string[]
  /** Significant digits of numbers that are not whole. Default 4. */
  readonly digits?: number
  /** Terminal columns to fit in. Default: the terminal's width; no limit when the output is not a terminal. */
  readonly width?: number
}

interface Column {
  readonly name: string
  readonly cells: readonly string[]
  readonly numeric: boolean
  width: number
}

const GAP = '  '
/** Text columns are not clipped below this many characters. */
const MIN_TEXT = 8

/**
 * Prints rows as an aligned text table: numbers to the right with one number of decimals per column,
 * what is missing as `–`. A table wider than the terminal first has its texts clipped (`…`), then
 * is broken into blocks that repeat the first column.
 *
 * @returns lines joined by newlines, without one at the end; `(no rows)` when there are none.
 */
export function formatTable(rows: readonly Record<string, unknown>[], options: FormatTableOptions = {}): string {
  if (rows.length === 0) return '(no rows)'
  const names = options.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const columns = names.map((name) => formatColumn(name, rows, options.digits ?? 4))
  const width = options.width ?? process.stdout.columns ?? Number.POSITIVE_INFINITY
  shrink(columns, width)
  return blocks(columns, width).map(printBlock).join('\n\n')
}

function formatColumn(name: string, rows: readonly Record<string, unknown>[], digits: number): Column {
  const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined))
  const numeric = values.every((value) => value == null || typeof value === 'number' || typeof value === 'bigint')
  const decimals = numeric ? decimalsOf(values, digits) : null
  const cells = values.map((value) => formatCell(value, digits, decimals))
  const head = printable(name)
  return { name: head, cells, numeric, width: Math.max(...[head, ...cells].map(displayWidth)) }
}

/** Decimals that show every number of a column with its significant digits. */
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
  if (typeof value === 'string') return printable(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
  if (typeof value === 'object') return printable(JSON.stringify(value))
  return String(value)
}

/** Too small for decimals: printed as `1e-5`. */
function isTiny(value: number): boolean {
  return value !== 0 && Math.abs(value) < 1e-4
}

function round(value: number, digits: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(digits))
}

/** Line breaks and control characters must neither tear the table nor reach the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1).replace('\u007f', '\\u007f'))
}

/** Clips the widest texts, one column of width at a time, until the table fits or nothing is left to clip. */
function shrink(columns: readonly Column[], width: number): void {
  const total = (): number => columns.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length)
  for (let excess = total() - width; excess > 0; excess--) {
    let widest: Column | undefined
    for (const column of columns.slice(1))
      if (!column.numeric && column.width > MIN_TEXT && column.width > (widest?.width ?? 0)) widest = column
    if (!widest) return
    widest.width--
  }
}

/** Columns that fit side by side; each block after the first begins with the first column again. */
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
  const line = (cell: (column: Column) => string): string =>
    columns
      .map((column) => pad(clip(cell(column), column.width), column.width, column.numeric ? 'left' : 'right'))
      .join(GAP)
      .trimEnd()
  const head = [line((column) => column.name), line((column) => '─'.repeat(column.width))]
  const body = columns[0]!.cells.map((_, row) => line((column) => column.cells[row]!))
  return [...head, ...body].join('\n')
}
