import type { Table } from 'apache-arrow'
import { type ArrowColumn, columnReader } from '../files/arrow-values.js'
import { inlineJson } from '../files/cell.js'
import { isTensor } from './tensor.js'

/** A column as it is shown. */
export interface TableColumn {
  readonly name: string
  /** Numbers only: shown on the right. */
  readonly numeric: boolean
  /** Decimals of every number in the column, so that they line up. */
  readonly decimals: number
}

/** A table whose cells are read one by one, so that a long one costs no more than what is shown of it. */
export interface TableSource {
  readonly names: readonly string[]
  readonly rowCount: number
  /** Columns of the whole table; `names` has as many as are shown. */
  readonly columnCount: number
  /** @param column place of the column in `names` */
  cell(row: number, column: number): unknown
}

/** As much of a table as is shown, taken apart into rows of cells. */
export interface TableData {
  readonly columns: readonly TableColumn[]
  readonly rows: readonly (readonly unknown[])[]
  /** Rows of the whole table. */
  readonly rowCount: number
  /** Columns of the whole table. */
  readonly columnCount: number
}

/** What `show` takes for a table. */
export type TableLike = ArrowTable | ArqueroTable | readonly Readonly<Record<string, unknown>>[]

/** As much of an Arrow table as is needed here, of whichever copy of the package. */
export type ArrowTable = Pick<Table, 'numRows' | 'schema' | 'getChildAt'>

/** As much of an arquero table as is needed here. */
export interface ArqueroTable {
  numRows(): number
  columnNames(): string[]
  array(name: string): ArrayLike<unknown>
}

/** What is put into a notebook at most; the rest is said to be left out. */
const MAX_ROWS = 100
const MAX_COLUMNS = 60
/** Characters of a cell. */
const MAX_CELL = 300

/** Significant digits that a column's numbers are shown with. */
const DIGITS = 4

/** Whether a value can be shown as a table. An empty array is one without columns. */
export function isTableLike(value: unknown): value is TableLike {
  return isArrowTable(value) || isArqueroTable(value) || (Array.isArray(value) && value.every(isRecord))
}

/** Whether a value looks like an Arrow table. */
export function isArrowTable(value: unknown): value is ArrowTable {
  if (typeof value !== 'object' || value === null) return false
  const { numRows, schema, getChildAt } = value as Partial<ArrowTable>
  return typeof numRows === 'number' && typeof getChildAt === 'function' && Array.isArray(schema?.fields)
}

/** Whether a value looks like an arquero table. */
export function isArqueroTable(value: unknown): value is ArqueroTable {
  if (typeof value !== 'object' || value === null) return false
  const table = value as Partial<ArqueroTable>
  return [table.numRows, table.columnNames, table.array].every((method) => typeof method === 'function')
}

/** The first rows of an Arrow table, an arquero table or an array of objects, as many as a notebook keeps. */
export function tableData(value: TableLike): TableData {
  const source = tableSource(value)
  return tablePage(
    source,
    Array.from({ length: Math.min(source.rowCount, MAX_ROWS) }, (_, row) => row),
  )
}

/** Some rows of a table, in the order given. */
export function tablePage(source: TableSource, places: ArrayLike<number>): TableData {
  const { names, rowCount, columnCount } = source
  const rows = Array.from(places, (place) => names.map((_, column) => source.cell(place, column)))
  const columns = names.map((name, i) => {
    const cells = rows.map((row) => row[i])
    const numeric = cells.some(isNumber) && cells.every((cell) => cell == null || isNumber(cell))
    // Percentages have a decimal, whatever their values.
    const least = name.endsWith('(%)') ? 1 : 0
    return { name, numeric, decimals: numeric ? Math.max(least, decimalsOf(cells)) : 0 }
  })
  return { columns, rows, rowCount, columnCount }
}

/**
 * Reads an Arrow table, an arquero table or an array of objects cell by cell. Columns of objects come in order of first
 * appearance; a key that a row lacks is undefined there.
 */
export function tableSource(value: TableLike): TableSource {
  return isArrowTable(value) ? fromArrow(value) : isArqueroTable(value) ? fromArquero(value) : fromObjects(value)
}

/** The rows as objects without a prototype, so that no column name means anything else; objects in cells as text. */
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

/** What is not shown, in a sentence; empty when all is. */
export function leftOut({ columns, rows, rowCount, columnCount }: TableData): string {
  const parts = [
    ...(rowCount > rows.length ? [`Rows 1–${rows.length} of ${grouped(rowCount)}.`] : []),
    ...(columnCount > columns.length ? [`Columns 1–${columns.length} of ${grouped(columnCount)}.`] : []),
  ]
  return parts.join(' ')
}

/** A count as it is read best: `100,000`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** One cell as text: what is missing as `–`, numbers with the column's decimals. */
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
  // Column by column: arquero's own rows are wrong for columns called `__proto__` or `toString`.
  const columns = names.map((name) => table.array(name))
  return { names, rowCount: table.numRows(), columnCount: all.length, cell: (row, column) => columns[column]?.[row] }
}

function fromObjects(objects: readonly Readonly<Record<string, unknown>>[]): TableSource {
  // Rows pushed later are not part of the table that was shown.
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

/** Whether something in an array is a row: an object with its values under their names. */
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

/** Decimals that show every number of a column with its significant digits, 6 at most. */
function decimalsOf(cells: readonly unknown[]): number {
  let decimals = 0
  for (const value of cells) {
    if (typeof value !== 'number' || !Number.isFinite(value) || Number.isInteger(value) || isFar(value)) continue
    const [, fraction = ''] = String(Number(value.toPrecision(DIGITS))).split('.')
    decimals = Math.max(decimals, fraction.length)
  }
  return Math.min(decimals, 6)
}

/** Too small or too large for decimals. */
function isFar(value: number): boolean {
  return value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15)
}
