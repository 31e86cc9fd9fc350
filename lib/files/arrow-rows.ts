import {
  Bool,
  type Data,
  type DataType,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'

/** What a cell of a table of rows can hold; `null` where a row has no such column. */
export type Cell = number | string | boolean | null

/** A row by column name. */
export type Row = Readonly<Record<string, Cell>>

/**
 * Lays rows out as an Arrow table. Columns come in order of first appearance; their types depend on names and kinds of
 * values only, so that equal rows give equal files: Int32 for the columns named in `integers`, Float64 for other numbers,
 * Bool, and plain Utf8 (which every reader knows) for the rest.
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
    const values = type instanceof Utf8 ? cells.map((cell) => (cell === null ? null : String(cell))) : cells
    fields.push(new Field(name, type, true))
    children.push(vectorFromArray(values, type).data[0]!)
  }
  const data = makeData({ type: new Struct(fields), length: rows.length, nullCount: 0, children })
  const schema = new Schema(fields)
  return new Table(schema, [new RecordBatch(schema, data)])
}

/** The rows of an Arrow table; 64-bit whole numbers become numbers. */
export function rowsOfTable(table: Table): Row[] {
  const rows: Record<string, Cell>[] = Array.from({ length: table.numRows }, () => ({}))
  table.schema.fields.forEach(({ name }, column) => {
    const vector = table.getChildAt(column)
    rows.forEach((row, i) => {
      // Defined, not assigned: a column may be called __proto__.
      Object.defineProperty(row, name, {
        value: cellOf(vector?.get(i)),
        enumerable: true,
        writable: true,
        configurable: true,
      })
    })
  })
  return rows
}

function typeOf(cells: readonly Cell[]): DataType {
  const kinds = new Set(cells.filter((cell) => cell !== null).map((cell) => typeof cell))
  if (kinds.size > 1) return new Utf8()
  if (kinds.has('boolean')) return new Bool()
  return kinds.has('string') ? new Utf8() : new Float64()
}

function cellOf(value: unknown): Cell {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  return value === null || value === undefined ? null : String(value)
}
