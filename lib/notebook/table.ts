import { Table } from 'apache-arrow'

/** A column as it is shown. */
export interface TableColumn {
  readonly name: string
  /** Numbers only: shown on the right. */
  readonly numeric: boolean
  /** Decimals of every number in the column, so that they line up. */
  readonly decimals: number
}

/** Any table, taken apart into rows of cells. */
export interface TableData {
  readonly columns: readonly TableColumn[]
  readonly rows: readonly (readonly unknown[])[]
}

/** What `show` takes for a table. */
export type TableLike = Table | ArqueroTable | readonly Readonly<Record<string, unknown>>[]

/** As much of an arquero table as is needed here. */
export interface ArqueroTable {
  numRows(): number
  columnNames(): string[]
  array(name: string): ArrayLike<unknown>
}

/** Significant digits that a column's numbers are shown with. */
const DIGITS = 4

/** Whether a value can be shown as a table. An empty array is one without columns. */
export function isTableLike(value: unknown): value is TableLike {
  return value instanceof Table || isArquero(value) || (Array.isArray(value) && value.every(isRecord))
}

/**
 * Takes an Arrow table, an arquero table or an array of objects apart.
 * Columns of objects come in order of first appearance; a key that a row lacks is undefined there.
 */
export function tableData(value: TableLike): TableData {
  const { names, rows } =
    value instanceof Table ? fromArrow(value) : isArquero(value) ? fromArquero(value) : fromObjects(value)
  const columns = names.map((name, i) => {
    const cells = rows.map((row) => row[i])
    const numeric = cells.some(isNumber) && cells.every((cell) => cell == null || isNumber(cell))
    return { name, numeric, decimals: numeric ? decimalsOf(cells) : 0 }
  })
  return { columns, rows }
}

/** The rows as objects without a prototype, so that no column name means anything else. */
export function tableObjects({ columns, rows }: TableData): Record<string, unknown>[] {
  return rows.map((row) => {
    const object: Record<string, unknown> = Object.create(null)
    for (const [i, column] of columns.entries()) object[column.name] = row[i]
    return object
  })
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
  if (typeof value === 'object')
    return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner))
  return String(value)
}

function fromArrow(table: Table): { names: string[]; rows: unknown[][] } {
  const columns = table.schema.fields.map((_, i) => table.getChildAt(i))
  const rows = Array.from({ length: table.numRows }, (_, r) => columns.map((column): unknown => column?.get(r)))
  return { names: table.schema.fields.map((field) => String(field.name)), rows }
}

function fromArquero(table: ArqueroTable): { names: string[]; rows: unknown[][] } {
  const names = table.columnNames()
  // Column by column: arquero's own rows are wrong for columns called `__proto__` or `toString`.
  const columns = names.map((name) => table.array(name))
  return { names, rows: Array.from({ length: table.numRows() }, (_, r) => columns.map((column) => column[r])) }
}

function fromObjects(objects: readonly Readonly<Record<string, unknown>>[]): { names: string[]; rows: unknown[][] } {
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))]
  return {
    names,
    rows: objects.map((object) => names.map((name) => (Object.hasOwn(object, name) ? object[name] : undefined))),
  }
}

function isArquero(value: unknown): value is ArqueroTable {
  if (typeof value !== 'object' || value === null) return false
  const table = value as Partial<ArqueroTable>
  return [table.numRows, table.columnNames, table.array].every((method) => typeof method === 'function')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
