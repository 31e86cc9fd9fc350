import { cellText, type TableSource } from './table.js'

/** The sort direction of a column. */
export type Direction = 'up' | 'down'

const collator = new Intl.Collator('en', { numeric: true })

/**
 * Returns the rows sorted by a column: numbers by value, dates by time, texts in natural order, numbers before texts.
 * Missing values come last in either direction; ties keep their order.
 */
export function sortedRows(source: TableSource, column: number, direction: Direction): Uint32Array {
  const keys = Array.from({ length: source.rowCount }, (_, row) => keyOf(source, row, column))
  const sign = direction === 'up' ? 1 : -1
  return Uint32Array.from(keys.keys()).sort((a, b) => compare(keys[a]!, keys[b]!, sign) || a - b)
}

/** Decimals of Arrow and of CSV files are text, so that no digit is lost. */
const NUMBER = /^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i

/** null for a missing value. */
type Key = number | bigint | string | null

function keyOf(source: TableSource, row: number, column: number): Key {
  const value = source.cell(row, column)
  if (value === null || value === undefined) return null
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  if (typeof value === 'bigint') return value
  if (typeof value === 'string') return NUMBER.test(value) ? Number(value) : value
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime()
  return cellText(value, { name: '', numeric: false, decimals: 0 })
}

function compare(a: Key, b: Key, sign: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  if (typeof a === 'string' && typeof b === 'string') return sign * collator.compare(a, b)
  if (typeof a === 'string' || typeof b === 'string') return sign * (typeof a === 'string' ? 1 : -1)
  return a < b ? -sign : a > b ? sign : 0
}
