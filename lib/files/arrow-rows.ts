import {
  Bool,
  type Data,
  type DataType,
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMillisecond,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { type ArrowColumn, columnReader } from './arrow-values.js'
import { type Cell, cellOf, cellText } from './cell.js'

/** A row, keyed by column name. */
export type Row = Readonly<Record<string, Cell>>

export type { Cell }

/**
 * Returns rows as an Arrow table. Columns are ordered by first appearance; their types depend only on names and on
 * kinds of values, so that equal rows give equal files: Int32 for the columns named in `integers`, Float64 for other
 * numbers, Int64 (Uint64 when a value exceeds it) for BigInts, Timestamp in UTC for dates, Bool, and plain Utf8 (which
 * every reader supports) for the rest.
 *
 * @param integers names of 32-bit integer columns; they exist even when there are no rows
 * @param otherwise types of columns without values, which exist even when there are no rows. Default: Float64
 */
export function tableOfRows(
  rows: readonly Row[],
  integers: readonly string[] = [],
  otherwise: ReadonlyMap<string, DataType> = new Map(),
): Table {
  const columns = new Map<string, Cell[]>([...integers, ...otherwise.keys()].map((name) => [name, []]))
  for (const row of rows) for (const name of Object.keys(row)) if (!columns.has(name)) columns.set(name, [])
  for (const [name, cells] of columns)
    for (const row of rows) cells.push(Object.hasOwn(row, name) ? (row[name] ?? null) : null)
  const fields: Field[] = []
  const children: Data[] = []
  for (const [name, cells] of columns) {
    const known = cells.every((cell) => cell === null) ? otherwise.get(name) : undefined
    const type = integers.includes(name) ? new Int32() : (known ?? typeOf(cells))
    fields.push(new Field(name, type, true))
    children.push(vectorFromArray(valuesFor(type, cells), type).data[0]!)
  }
  return tableOf(fields, children, rows.length)
}

function tableOf(fields: Field[], children: Data[], length: number): Table {
  const data = makeData({ type: new Struct(fields), length, nullCount: 0, children })
  const schema = new Schema(fields)
  return new Table(schema, [new RecordBatch(schema, data)])
}

/**
 * Returns further rows as a table of an existing schema; null when they have another column, or a value of another type.
 * Columns that the rows lack are null.
 */
export function tableLike({ fields }: Schema, rows: readonly Row[]): Table | null {
  const names = new Set(fields.map(({ name }) => name))
  if (rows.some((row) => Object.keys(row).some((name) => !names.has(name)))) return null
  const columns: { field: Field; cells: Cell[] }[] = fields.map((field) => ({
    field,
    cells: rows.map((row) => (Object.hasOwn(row, field.name) ? (row[field.name] ?? null) : null)),
  }))
  const isInteger = ({ field }: { readonly field: Field }): boolean => field.type instanceof Int32
  const differs = columns
    .filter((column) => !isInteger(column))
    .some(({ field, cells }) => cells.some((cell) => cell !== null) && String(typeOf(cells)) !== String(field.type))
  if (differs) return null
  const children = columns.map(({ field, cells }) => vectorFromArray(valuesFor(field.type, cells), field.type).data[0]!)
  return tableOf(fields, children, rows.length)
}

/**
 * Returns the rows of an Arrow table, with values as in {@link columnReader}. A column of 64-bit integers holds numbers
 * when every value is exact as a number, else BigInts.
 */
export function rowsOfTable(table: Pick<Table, 'numRows' | 'schema' | 'getChildAt'>): Row[] {
  const rows: Record<string, Cell>[] = Array.from({ length: table.numRows }, () => ({}))
  table.schema.fields.forEach(({ name }, column) => {
    const vector = table.getChildAt(column)
    const read = vector === null ? () => null : columnReader(vector as ArrowColumn)
    const cells = safeIntegers(rows.map((_, i) => cellOf(read(i))))
    rows.forEach((row, i) => {
      // Defined, not assigned: a column may be called __proto__.
      Object.defineProperty(row, name, {
        value: cells[i],
        enumerable: true,
        writable: true,
        configurable: true,
      })
    })
  })
  return rows
}

function safeIntegers(cells: readonly Cell[]): readonly Cell[] {
  if (!cells.every((cell) => typeof cell !== 'bigint' || Number.isSafeInteger(Number(cell)))) return cells
  return cells.map((cell) => (typeof cell === 'bigint' ? Number(cell) : cell))
}

function typeOf(cells: readonly Cell[]): DataType {
  const kinds = new Set(cells.flatMap((cell) => (cell === null ? [] : [kindOf(cell)])))
  if (kinds.has('bigint')) return integerType(cells)
  if (kinds.size > 1) return new Utf8()
  if (kinds.has('date')) return new TimestampMillisecond('UTC')
  if (kinds.has('boolean')) return new Bool()
  return kinds.has('string') ? new Utf8() : new Float64()
}

function kindOf(cell: Exclude<Cell, null>): string {
  return cell instanceof Date ? 'date' : typeof cell
}

/** Chooses the type of a column with BigInts: text when another value is not an integer, or a value exceeds 64 bits. */
function integerType(cells: readonly Cell[]): DataType {
  const values = cells.filter((cell) => cell !== null)
  if (!values.every((cell) => typeof cell === 'bigint' || Number.isSafeInteger(cell))) return new Utf8()
  const integers = values.map((cell) => BigInt(cell as number | bigint))
  if (integers.every((value) => BigInt.asIntN(64, value) === value)) return new Int64()
  return integers.every((value) => BigInt.asUintN(64, value) === value) ? new Uint64() : new Utf8()
}

function valuesFor(type: DataType, cells: readonly Cell[]): readonly unknown[] {
  if (type instanceof Utf8) return cells.map((cell) => (cell === null ? null : cellText(cell)))
  if (type instanceof Int64 || type instanceof Uint64)
    return cells.map((cell) => (cell === null ? null : BigInt(cell as number | bigint)))
  return cells
}
