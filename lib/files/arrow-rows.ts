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

/** A row by column name. */
export type Row = Readonly<Record<string, Cell>>

export type { Cell }

/**
 * Lays rows out as an Arrow table. Columns come in order of first appearance; their types depend on names and kinds of
 * values only, so that equal rows give equal files: Int32 for the columns named in `integers`, Float64 for other numbers,
 * Int64 (Uint64 where one is too large for it) for BigInts, Timestamp in UTC for dates, Bool, and plain Utf8 (which every
 * reader knows) for the rest.
 *
 * @param integers Columns of 32-bit whole numbers. They exist even when there are no rows.
 */
export function tableOfRows(rows: readonly Row[], integers: readonly string[] = []): Table {
  const columns = new Map<string, Cell[]>(integers.map((name) => [name, []]))
  for (const row of rows) for (const name of Object.keys(row)) if (!columns.has(name)) columns.set(name, [])
  for (const [name, cells] of columns)
    for (const row of rows) cells.push(Object.hasOwn(row, name) ? (row[name] ?? null) : null)
  const fields: Field[] = []
  const children: Data[] = []
  for (const [name, cells] of columns) {
    const type = integers.includes(name) ? new Int32() : typeOf(cells)
    fields.push(new Field(name, type, true))
    children.push(vectorFromArray(valuesFor(type, cells), type).data[0]!)
  }
  const data = makeData({ type: new Struct(fields), length: rows.length, nullCount: 0, children })
  const schema = new Schema(fields)
  return new Table(schema, [new RecordBatch(schema, data)])
}

/**
 * The rows of an Arrow table, values as {@link columnReader} has them. Integers of 64 bits are numbers in a column where all
 * of them are exact as such, else BigInts.
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

/** For a column with BigInts: text where another value is no whole number, or one has more than 64 bits. */
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
