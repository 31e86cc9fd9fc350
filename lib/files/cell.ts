import { inspect } from 'node:util'

/** A value in a cell of a table of rows; `null` where there is none. */
export type Cell = number | bigint | string | boolean | Date | null

/** Any value as a cell: what is missing and dates that are none as null, lists and objects as JSON (see {@link inlineJson}). */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value
  if (typeof value === 'object') return inlineJson(value)
  return isCell(value) ? value : String(value)
}

function isCell(value: unknown): value is number | bigint | string | boolean {
  return ['number', 'bigint', 'string', 'boolean'].includes(typeof value)
}

/** A cell as text, without quotes: every digit of a number, dates in ISO 8601; empty where there is none. */
export function cellText(cell: Cell): string {
  if (cell === null) return ''
  return cell instanceof Date ? cell.toISOString() : String(cell)
}

/**
 * Lists and objects in one line of JSON. What JSON has no form for is text in it: `"9007199254740993"` for a BigInt, `"NaN"`.
 * Typed arrays and sets are lists, maps objects. What refers to itself is as `inspect` has it.
 */
export function inlineJson(value: object): string {
  try {
    return JSON.stringify(value, jsonValue) ?? inspect(value, { depth: 0 })
  } catch {
    return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY })
  }
}

/**
 * A value as a message quotes it: JSON where it has a form for it, else as JavaScript writes it; `nothing` for undefined.
 *
 * @param most characters after which the text is cut, with `…` at its end. Default: it is whole
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

/** For `JSON.stringify`: nothing loses its value without a word. */
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
