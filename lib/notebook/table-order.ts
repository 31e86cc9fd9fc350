import { cellText, type TableSource } from './table.js'

/** Whether a column is sorted, and how. */
export type Direction = 'up' | 'down'

const collator = new Intl.Collator('en', { numeric: true })

/**
 * The rows in the order of a column's values: numbers by their size, dates by time, texts as a reader sorts them (with
 * numbers in them by size), numbers before texts. What is missing comes last either way; equal values stay in order.
 */
export function sortedRows(source: TableSource, column: number, direction: Direction): Uint32Array {
  const keys = Array.from({ length: source.rowCount }, (_, row) => keyOf(source, row, column))
  const sign = direction === 'up' ? 1 : -1
  return Uint32Array.from(keys.keys()).sort((a, b) => compare(keys[a]!, keys[b]!, sign) || a - b)
}

/** Decimals of Arrow and of CSV files are text, so that no digit is lost. */
const NUMBER = /^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i

/** null for what is missing. */
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
