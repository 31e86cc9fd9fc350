import { Table } from 'apache-arrow'
import type { ColumnTable } from 'arquero'
import { UserError } from '../errors.js'
import { writeArrow } from '../files/arrow.js'
import { type Cell, type Row, rowsOfTable, tableOfRows } from '../files/arrow-rows.js'
import { writeFileAtomic } from '../files/atomic.js'

/** What can be exported: rows, an Arrow table, or an arquero table. */
export type Exportable = readonly Row[] | Table | ColumnTable

/**
 * Writes a table as Arrow (`.arrow`) or CSV (`.csv`: RFC 4180 in UTF-8; an empty field is missing, `""` an empty text).
 *
 * @throws UserError for another ending, or when the file cannot be written.
 */
export function writeTable(table: Exportable, file: string): void {
  if (file.endsWith('.arrow')) writeArrow(file, table instanceof Table ? table : tableOfRows(rowsOf(table)))
  else if (file.endsWith('.csv')) writeFileAtomic(file, toCsv(rowsOf(table)))
  else
    throw new UserError({ where: file, expected: 'a name that ends in .arrow or .csv', found: 'another', exitCode: 2 })
}

/** Rows as CSV, lines ended by CRLF as the standard has it; without rows, nothing. */
export function toCsv(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  if (names.length === 0) return ''
  const lines = [
    names.map(field),
    ...rows.map((row) => names.map((name) => field(Object.hasOwn(row, name) ? row[name] : null))),
  ]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

function field(value: Cell | undefined): string {
  if (value === null || value === undefined) return ''
  const text = String(value)
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function rowsOf(table: Exportable): readonly Row[] {
  if (table instanceof Table) return rowsOfTable(table)
  if (isRows(table)) return table
  const names = table.columnNames()
  return Array.from({ length: table.numRows() }, (_, i) =>
    Object.fromEntries(names.map((name) => [name, cell(table.get(name, i))])),
  )
}

function isRows(table: Exportable): table is readonly Row[] {
  return Array.isArray(table)
}

function cell(value: unknown): Cell {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}
