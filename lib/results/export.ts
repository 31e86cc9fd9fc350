import { Bool, type DataType, Float64, type Table, TimestampMillisecond, Utf8 } from 'apache-arrow'
import type { ColumnTable } from 'arquero'
import { UserError } from '../errors.js'
import { csvField, csvText } from '../escape/csv.js'
import { writeArrow } from '../files/arrow.js'
import { type Row, rowsOfTable, tableOfRows } from '../files/arrow-rows.js'
import { writeFileAtomic } from '../files/atomic.js'
import { type Cell, cellOf, cellText } from '../files/cell.js'
import { type Estimate, isEstimate } from '../statistics/estimate.js'
import { halfWidth, rounded } from '../statistics/rounding.js'

/** An exportable table: rows, an Arrow table, an arquero table, or an object with rows for a paper, e.g. a summary of runs. */
export type Exportable = readonly Readonly<Record<string, unknown>>[] | Table | ColumnTable | ForPaper

/** An object that is printed and exported as rows whose cells may be estimates. */
export interface ForPaper {
  forPaper(): PaperRows
}

/** Rows for a paper, and remarks that stand below them. */
export interface PaperRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly notes: readonly string[]
}

/**
 * Writes a table as Arrow (`.arrow`) or CSV (`.csv`: RFC 4180 in UTF-8; an empty field is missing, `""` is an empty
 * string; a text that a spreadsheet would read as a formula has an apostrophe before it). 64-bit integers keep all digits; dates stay dates, and invalid dates become missing. Lists and objects
 * become JSON, except when an Arrow table is written as Arrow, which keeps its types. A column of `runs()` has the same type
 * in every file, with values or without.
 *
 * @throws UserError for another extension, or when the file cannot be written.
 */
export function writeTable(table: Exportable, file: string): void {
  if (file.endsWith('.arrow'))
    writeArrow(file, !isForPaper(table) && isArrow(table) ? table : tableOfRows(rowsOf(table), [], typesOf(table)))
  else if (file.endsWith('.csv')) writeFileAtomic(file, toCsv(table))
  else
    throw new UserError({ where: file, expected: 'a name that ends in .arrow or .csv', found: 'another', exitCode: 2 })
}

/**
 * Returns a table as CSV with CRLF line endings, as RFC 4180 requires; empty without rows. An estimate becomes two columns,
 * `NAME` and `NAME ±`, rounded as in every table for a paper; all other numbers keep their digits.
 */
export function toCsv(table: Exportable): string {
  const rows = rowsOf(table, roundedCells)
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  if (names.length === 0) return ''
  const lines = [
    names.map(csvText),
    ...rows.map((row) => names.map((name) => field(Object.hasOwn(row, name) ? (row[name] ?? null) : null))),
  ]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

function field(cell: Cell): string {
  if (cell === null) return ''
  return typeof cell === 'string' ? csvText(cell) : csvField(cellText(cell))
}

/** A row as its cells in order, of any type: a name such as `__proto__` is safe. */
export type TableRecord = readonly (readonly [name: string, value: unknown])[]

/** Returns the rows of a table with their values as they are. */
export function recordsOf(table: Exportable): readonly TableRecord[] {
  if (isForPaper(table)) return recordsOf(table.forPaper().rows)
  if (isArrow(table)) return rowsOfTable(table).map((row) => Object.entries(row))
  if (isRows(table)) return table.map((row) => Object.entries(row))
  const names = table.columnNames()
  // Column by column: arquero's own rows are wrong for columns named `__proto__` or `toString`.
  const columns = names.map((name) => table.array(name))
  return Array.from({ length: table.numRows() }, (_, i) => names.map((name, c) => [name, columns[c]![i]] as const))
}

/** Types of columns that {@link tableOfRows} makes of values, and so can be those of a column without any. */
const TYPES = [Utf8, Float64, Bool, TimestampMillisecond]

/** Returns the types that the columns of an arquero table state; those of plain lists follow from their values. */
function typesOf(table: Exportable): Map<string, DataType> {
  if (isForPaper(table)) return new Map()
  if (isRows(table) || isArrow(table)) return new Map()
  const stated = table.columnNames().map((name) => [name, (table.column(name) as { type?: unknown }).type] as const)
  const isKnown = (type: unknown): type is DataType => TYPES.some((each) => type instanceof each)
  return new Map(stated.filter((each): each is [string, DataType] => isKnown(each[1])))
}

/** Returns rows of cells, where an estimate is several. */
function rowsOf(table: Exportable, cells: (name: string, estimate: Estimate) => Row = exactCells): readonly Row[] {
  return recordsOf(table).map((record) =>
    Object.fromEntries(
      record.flatMap(([name, value]): readonly (readonly [string, Cell])[] =>
        isEstimate(value) ? Object.entries(cells(name, value)) : [[name, cellOf(value)]],
      ),
    ),
  )
}

/** Returns an estimate with all digits: the mean, the number of values and the ends of the interval. */
function exactCells(name: string, { value, n, low, high }: Estimate): Row {
  return { [name]: value, [`${name} n`]: n, [`${name} low`]: low, [`${name} high`]: high }
}

function roundedCells(name: string, estimate: Estimate): Row {
  const { value, uncertainty } = rounded(estimate.value, halfWidth(estimate))
  return { [name]: value, [`${name} ±`]: uncertainty }
}

/** Returns whether a table is an object with rows for a paper. */
export function isForPaper(table: Exportable): table is ForPaper {
  return 'forPaper' in table && typeof table.forPaper === 'function'
}

/** Returns whether a table is an Arrow table, including one of another copy of the package. */
function isArrow(table: Exclude<Exportable, ForPaper>): table is Table {
  return !isRows(table) && 'schema' in table && 'getChildAt' in table
}

function isRows(table: Exclude<Exportable, ForPaper>): table is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(table)
}
