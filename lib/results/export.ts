import { Bool, type DataType, Float64, type Table, TimestampMillisecond, Utf8 } from 'apache-arrow'
import type { ColumnTable } from 'arquero'
import { UserError } from '../errors.js'
import { writeArrow } from '../files/arrow.js'
import { type Row, rowsOfTable, tableOfRows } from '../files/arrow-rows.js'
import { writeFileAtomic } from '../files/atomic.js'
import { type Cell, cellOf, cellText } from '../files/cell.js'

/** An exportable table: rows, an Arrow table, or an arquero table. */
export type Exportable = readonly Readonly<Record<string, unknown>>[] | Table | ColumnTable

/**
 * Writes a table as Arrow (`.arrow`) or CSV (`.csv`: RFC 4180 in UTF-8; an empty field is missing, `""` is an empty
 * string). 64-bit integers keep all digits; dates stay dates, and invalid dates become missing. Lists and objects
 * become JSON, except when an Arrow table is written as Arrow, which keeps its types. A column of `runs()` has the same type
 * in every file, with values or without.
 *
 * @throws UserError for another extension, or when the file cannot be written.
 */
export function writeTable(table: Exportable, file: string): void {
  if (file.endsWith('.arrow')) writeArrow(file, isArrow(table) ? table : tableOfRows(rowsOf(table), [], typesOf(table)))
  else if (file.endsWith('.csv')) writeFileAtomic(file, toCsv(rowsOf(table)))
  else
    throw new UserError({ where: file, expected: 'a name that ends in .arrow or .csv', found: 'another', exitCode: 2 })
}

/** Returns rows as CSV with CRLF line endings, as RFC 4180 requires; empty without rows. */
export function toCsv(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  if (names.length === 0) return ''
  const lines = [
    names.map(quoted),
    ...rows.map((row) => names.map((name) => field(Object.hasOwn(row, name) ? (row[name] ?? null) : null))),
  ]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

function field(cell: Cell): string {
  return cell === null ? '' : quoted(cellText(cell))
}

function quoted(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function rowsOf(table: Exportable): readonly Row[] {
  if (isArrow(table)) return rowsOfTable(table)
  if (isRows(table)) return table.map((row) => rowOf(Object.entries(row)))
  const names = table.columnNames()
  // Column by column: arquero's own rows are wrong for columns named `__proto__` or `toString`.
  const columns = names.map((name) => table.array(name))
  return Array.from({ length: table.numRows() }, (_, i) => rowOf(names.map((name, c) => [name, columns[c]![i]])))
}

/** Types of columns that {@link tableOfRows} makes of values, and so can be those of a column without any. */
const TYPES = [Utf8, Float64, Bool, TimestampMillisecond]

/** Returns the types that the columns of an arquero table state; those of plain lists follow from their values. */
function typesOf(table: Exclude<Exportable, Table>): Map<string, DataType> {
  if (isRows(table)) return new Map()
  const stated = table.columnNames().map((name) => [name, (table.column(name) as { type?: unknown }).type] as const)
  const isKnown = (type: unknown): type is DataType => TYPES.some((each) => type instanceof each)
  return new Map(stated.filter((each): each is [string, DataType] => isKnown(each[1])))
}

/** Returns a row of these cells, defined instead of assigned, because a column may be named `__proto__`. */
function rowOf(entries: readonly (readonly [string, unknown])[]): Row {
  return Object.fromEntries(entries.map(([name, value]) => [name, cellOf(value)]))
}

/** Returns whether a table is an Arrow table, including one of another copy of the package. */
function isArrow(table: Exportable): table is Table {
  return !isRows(table) && 'schema' in table && 'getChildAt' in table
}

function isRows(table: Exportable): table is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(table)
}
