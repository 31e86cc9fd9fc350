import { inspect } from 'node:util'

/** The value of a table cell; `null` when missing. */
export type Cell = number | bigint | string | boolean | Date | null

/**
 * Converts any value to a table cell: missing values and invalid dates to null, lists and objects to JSON (see {@link
 * inlineJson}).
 */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value
  if (typeof value === 'object') return inlineJson(value)
  return isCell(value) ? value : String(value)
}

function isCell(value: unknown): value is number | bigint | string | boolean {
  return ['number', 'bigint', 'string', 'boolean'].includes(typeof value)
}

/**
 * Formats a cell as text, without quotes: numbers with every digit, dates in ISO 8601, missing values as the empty
 * string.
 */
export function cellText(cell: Cell): string {
  if (cell === null) return ''
  return cell instanceof Date ? cell.toISOString() : String(cell)
}

/**
 * Returns a list or an object as one line of JSON. Values without a JSON form become text: `"9007199254740993"` for a
 * BigInt, `"NaN"`. Typed arrays and sets become lists, maps become objects. Circular values are formatted by `inspect`.
 */
export function inlineJson(value: object): string {
  try {
    return JSON.stringify(value, jsonValue) ?? inspect(value, { depth: 0 })
  } catch {
    return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY })
  }
}

/**
 * Formats a value for a message: as JSON where it has a JSON form, else as JavaScript prints it; `nothing` for
 * undefined.
 *
 * @param most maximum length, after which the text ends in `…`. Default: unlimited
 */
export function valueText(value: unknown, most = Number.POSITIVE_INFINITY): string {
  const text = wholeText(value)
  return text.length > most ? `${text.slice(0, most)}…` : text
}

function wholeText(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  return typeof value === 'object' && value !== null ? inlineJson(value) : String(value)
}

/** A replacer for `JSON.stringify` that preserves values without a JSON form. */
function jsonValue(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [keyText(key), inner]))
  if (value instanceof Set) return [...value]
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? Array.from(value as unknown as ArrayLike<unknown>)
    : value
}

function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null ? inlineJson(key) : String(key)
}
