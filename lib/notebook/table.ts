import type { Table } from 'apache-arrow'
import { type ArrowColumn, columnReader } from '../files/arrow-values.js'
import { inlineJson } from '../files/cell.js'
import { isTensor } from './tensor.js'

/** A column for display. */
export interface TableColumn {
  readonly name: string
  /** Whether all values are numbers, which are right-aligned. */
  readonly numeric: boolean
  /** Decimals of every number in the column, so that they line up. */
  readonly decimals: number
}

/** A table read cell by cell, so that a long one costs no more than the part that is shown. */
export interface TableSource {
  readonly names: readonly string[]
  readonly rowCount: number
  /** Number of columns of the whole table; `names` has the shown ones. */
  readonly columnCount: number
  /** Returns a table cell. @param column index of the column in `names` */
  cell(row: number, column: number): unknown
}

/** The shown part of a table, as rows of cells. */
export interface TableData {
  readonly columns: readonly TableColumn[]
  readonly rows: readonly (readonly unknown[])[]
  /** Number of rows of the whole table. */
  readonly rowCount: number
  /** Number of columns of the whole table. */
  readonly columnCount: number
}

/** Values that `show` displays as a table. */
export type TableLike = ArrowTable | ArqueroTable | readonly Readonly<Record<string, unknown>>[]

/** The part of an Arrow table that is needed here, from any copy of the package. */
export type ArrowTable = Pick<Table, 'numRows' | 'schema' | 'getChildAt'>

/** The part of an arquero table that is needed here. */
export interface ArqueroTable {
  numRows(): number
  columnNames(): string[]
  array(name: string): ArrayLike<unknown>
}

/** Maximum rows stored in a notebook; the table says how many are omitted. */
const MAX_ROWS = 100
const MAX_COLUMNS = 60
/** Maximum characters of a table cell. */
const MAX_CELL = 300

/** Significant digits of a column's numbers. */
const DIGITS = 4

/** Returns whether a value can be shown as a table. An empty array is a table without columns. */
export function isTableLike(value: unknown): value is TableLike {
  return isArrowTable(value) || isArqueroTable(value) || (Array.isArray(value) && value.every(isRecord))
}

/** Returns whether a value looks like an Arrow table. */
export function isArrowTable(value: unknown): value is ArrowTable {
  if (typeof value !== 'object' || value === null) return false
  const { numRows, schema, getChildAt } = value as Partial<ArrowTable>
  return typeof numRows === 'number' && typeof getChildAt === 'function' && Array.isArray(schema?.fields)
}

/** Returns whether a value looks like an arquero table. */
export function isArqueroTable(value: unknown): value is ArqueroTable {
  if (typeof value !== 'object' || value === null) return false
  const table = value as Partial<ArqueroTable>
  return [table.numRows, table.columnNames, table.array].every((method) => typeof method === 'function')
}

/** Returns the first rows of an Arrow table, an arquero table or an array of objects, as many as a notebook stores. */
export function tableData(value: TableLike): TableData {
  const source = tableSource(value)
  return tablePage(
    source,
    Array.from({ length: Math.min(source.rowCount, MAX_ROWS) }, (_, row) => row),
  )
}

/** Returns some rows of a table, in the given order. */
export function tablePage(source: TableSource, places: ArrayLike<number>): TableData {
  const { names, rowCount, columnCount } = source
  const rows = Array.from(places, (place) => names.map((_, column) => source.cell(place, column)))
  const columns = names.map((name, i) => {
    const cells = rows.map((row) => row[i])
    const numeric = cells.some(isNumber) && cells.every((cell) => cell == null || isNumber(cell))
    // Percentages always have a decimal.
    const least = name.endsWith('(%)') ? 1 : 0
    return { name, numeric, decimals: numeric ? Math.max(least, decimalsOf(cells)) : 0 }
  })
  return { columns, rows, rowCount, columnCount }
}

/**
 * Reads an Arrow table, an arquero table or an array of objects cell by cell. Columns of objects come in order of first
 * appearance; a missing key is undefined.
 */
export function tableSource(value: TableLike): TableSource {
  return isArrowTable(value) ? fromArrow(value) : isArqueroTable(value) ? fromArquero(value) : fromObjects(value)
}

/** Returns the rows as objects without a prototype, so that every column name is safe; objects in cells become text. */
export function tableObjects({ columns, rows }: TableData): Record<string, unknown>[] {
  return rows.map((row) => {
    const object: Record<string, unknown> = Object.create(null)
    for (const [i, column] of columns.entries()) {
      const cell = row[i]
      object[column.name] = isPlainCell(cell) ? cell : cellText(cell, column)
    }
    return object
  })
}

/** Describes the omitted rows and columns in a sentence; empty if there are none. */
export function leftOut({ columns, rows, rowCount, columnCount }: TableData): string {
  const parts = [
    ...(rowCount > rows.length ? [`Rows 1–${rows.length} of ${grouped(rowCount)}.`] : []),
    ...(columnCount > columns.length ? [`Columns 1–${columns.length} of ${grouped(columnCount)}.`] : []),
  ]
  return parts.join(' ')
}

/** Formats a count with thousands separators: `100,000`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** Formats one table cell: a missing value as `–`, numbers with the column's decimals. */
export function cellText(value: unknown, column: TableColumn): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return String(value)
    if (isFar(value)) return Number(value.toPrecision(DIGITS)).toExponential()
    return column.numeric ? value.toFixed(column.decimals) : String(value)
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
  const text = typeof value === 'object' ? inlineJson(value) : String(value)
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text
}

function fromArrow(table: ArrowTable): TableSource {
  const fields = table.schema.fields.slice(0, MAX_COLUMNS)
  const columns = fields.map((_, i) => {
    const column = table.getChildAt(i)
    return column === null ? () => null : columnReader(column as ArrowColumn)
  })
  return {
    names: fields.map((field) => String(field.name)),
    rowCount: table.numRows,
    columnCount: table.schema.fields.length,
    cell: (row, column): unknown => columns[column]?.(row),
  }
}

function fromArquero(table: ArqueroTable): TableSource {
  const all = table.columnNames()
  const names = all.slice(0, MAX_COLUMNS)
  // Read by column: arquero's own rows are wrong for columns called `__proto__` or `toString`.
  const columns = names.map((name) => table.array(name))
  return { names, rowCount: table.numRows(), columnCount: all.length, cell: (row, column) => columns[column]?.[row] }
}

function fromObjects(objects: readonly Readonly<Record<string, unknown>>[]): TableSource {
  // A copy: rows pushed later are not part of the shown table.
  const kept = [...objects]
  const found = new Set<string>()
  for (const object of kept) for (const key of Object.keys(object)) found.add(key)
  const names = [...found].slice(0, MAX_COLUMNS)
  return {
    names,
    rowCount: kept.length,
    columnCount: found.size,
    cell(row, column) {
      const [object, name] = [kept[row]!, names[column]!]
      return Object.hasOwn(object, name) ? object[name] : undefined
    },
  }
}

function isPlainCell(cell: unknown): boolean {
  return ['number', 'bigint', 'boolean', 'undefined'].includes(typeof cell) || cell === null
}

/** Returns whether an array element is a row: an object with its values by name. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return (
    !(ArrayBuffer.isView(value) || value instanceof Date || value instanceof Map || value instanceof Set) &&
    !isTensor(value)
  )
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** Returns the decimals that show every number of a column with its significant digits, at most 6. */
function decimalsOf(cells: readonly unknown[]): number {
  let decimals = 0
  for (const value of cells) {
    if (typeof value !== 'number' || !Number.isFinite(value) || Number.isInteger(value) || isFar(value)) continue
    const [, fraction = ''] = String(Number(value.toPrecision(DIGITS))).split('.')
    decimals = Math.max(decimals, fraction.length)
  }
  return Math.min(decimals, 6)
}

/** Returns whether a number is too small or too large for fixed decimals. */
function isFar(value: number): boolean {
  return value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15)
}
