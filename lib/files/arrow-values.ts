import { Type } from 'apache-arrow'

/** The members of an Arrow column that are used here, common to every copy of the package. */
export interface ArrowColumn {
  readonly type: ArrowType
  readonly length: number
  get(index: number): unknown
  isValid(index: number): boolean
  readonly data: readonly { readonly length: number; readonly values?: unknown }[]
}

interface ArrowType {
  readonly typeId: number
  readonly children?: readonly { readonly name: unknown; readonly type: ArrowType }[] | null
  /** Value type of a dictionary. */
  readonly dictionary?: ArrowType
  /** Unit of a time: an index into {@link PER_SECOND}. */
  readonly unit?: number
  readonly timezone?: string | null
  /** Scale of a decimal. */
  readonly scale?: number
}

/** Units per second, indexed by Arrow's number of the time unit. */
const PER_SECOND = [1n, 1_000n, 1_000_000n, 1_000_000_000n] as const
const DAY_MS = 86_400_000

/**
 * Returns a reader of a column's values, converted by type: dates as `2026-01-02`, times as `03:04:05.678`, timestamps
 * as `2026-01-02T03:04:05.678901`, with `Z` in a column with a time zone (values are then UTC), durations as `PT1.5S`,
 * decimals with all digits, 64-bit integers as BigInt, lists as arrays, structs and maps as objects. Missing values are
 * null.
 */
export function columnReader(column: ArrowColumn): (row: number) => unknown {
  const { type } = column
  const instants = type.typeId === Type.Timestamp ? rawIntegers(column) : null
  if (instants === null) return (row) => typed(column.get(row), type)
  const perSecond = PER_SECOND[type.unit ?? 1]!
  const zone = type.timezone ? 'Z' : ''
  // Arrow returns milliseconds as doubles, which lose nanoseconds, and refuses timestamps that are too large for it.
  return (row) => (column.isValid(row) ? timestamp(instants(row), perSecond, zone) : null)
}

function typed(value: unknown, type: ArrowType): unknown {
  if (value === null || value === undefined) return null
  switch (type.typeId) {
    case Type.Date:
      return date(Number(value))
    case Type.Timestamp:
      return timestamp(BigInt(Math.trunc(Number(value))), 1000n, type.timezone ? 'Z' : '')
    case Type.Time:
      return clock(BigInt(value as number | bigint), PER_SECOND[type.unit ?? 1]!)
    case Type.Duration:
      return duration(BigInt(value as number | bigint), PER_SECOND[type.unit ?? 1]!)
    case Type.Decimal:
      return decimal(value as Uint32Array, type.scale ?? 0)
    case Type.Dictionary:
      return type.dictionary ? typed(value, type.dictionary) : value
    case Type.List:
    case Type.FixedSizeList:
    case Type.LargeList:
      return elements(value as ArrowColumn)
    case Type.Struct:
      return struct(value as Iterable<[unknown, unknown]>, type)
    case Type.Map:
      return map(value as Iterable<[unknown, unknown]>, type)
    default:
      return value
  }
}

function elements(list: ArrowColumn): unknown[] {
  const read = columnReader(list)
  return Array.from({ length: list.length }, (_, i) => read(i))
}

/** Returns a struct as an object without a prototype, so that no field name has a special meaning. */
function struct(row: Iterable<[unknown, unknown]>, { children }: ArrowType): object {
  const object: Record<string, unknown> = Object.create(null)
  let field = 0
  for (const [name, value] of row) object[String(name)] = typed(value, children![field++]!.type)
  return object
}

function map(entries: Iterable<[unknown, unknown]>, { children }: ArrowType): object {
  const value = children?.[0]?.type.children?.[1]?.type
  const object: Record<string, unknown> = Object.create(null)
  for (const [key, inner] of entries) object[String(key)] = value ? typed(inner, value) : inner
  return object
}

/** Returns a reader of the stored integers; null when this copy of Arrow stores them differently. */
function rawIntegers({ data }: ArrowColumn): ((row: number) => bigint) | null {
  const chunks = data.map(({ values, length }) => ({ values, length }))
  if (!chunks.every(({ values }) => values instanceof BigInt64Array)) return null
  return (row) => {
    let at = row
    for (const { values, length } of chunks) {
      if (at < length) return (values as BigInt64Array)[at]!
      at -= length
    }
    throw new RangeError(`no row ${row}`)
  }
}

function date(milliseconds: number): string {
  const iso = isoOf(milliseconds)
  if (iso === null) return String(milliseconds)
  return milliseconds % DAY_MS === 0 ? iso.slice(0, iso.indexOf('T')) : iso.replace(/\.000(?=Z$)/, '')
}

function timestamp(value: bigint, perSecond: bigint, zone: string): string {
  const part = ((value % perSecond) + perSecond) % perSecond
  const iso = isoOf(Number((value - part) / perSecond) * 1000)
  return iso === null ? String(value) : `${iso.slice(0, -'.000Z'.length)}${fraction(part, perSecond)}${zone}`
}

function clock(value: bigint, perSecond: bigint): string {
  const seconds = value / perSecond
  const [h, m, s] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((n) => String(n).padStart(2, '0'))
  return value < 0n ? String(value) : `${h}:${m}:${s}${fraction(value % perSecond, perSecond)}`
}

function duration(value: bigint, perSecond: bigint): string {
  const size = value < 0n ? -value : value
  const digits = decimals(size % perSecond, perSecond).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}PT${size / perSecond}${digits && `.${digits}`}S`
}

/** Formats a fraction of a second in groups of three digits, without trailing zero groups. */
function fraction(part: bigint, perSecond: bigint): string {
  const digits = decimals(part, perSecond).replace(/(?:000)+$/, '')
  return digits && `.${digits}`
}

function decimals(part: bigint, perSecond: bigint): string {
  return perSecond === 1n ? '' : String(part).padStart(String(perSecond).length - 1, '0')
}

/** Formats a two's-complement number of 32-bit words, lowest word first. */
function decimal(words: Uint32Array, scale: number): string {
  let bits = 0n
  for (let i = words.length - 1; i >= 0; i--) bits = (bits << 32n) | BigInt(words[i]!)
  const value = BigInt.asIntN(32 * words.length, bits)
  if (scale <= 0) return String(value * 10n ** BigInt(-scale))
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Formats a date in ISO 8601; null outside the range of JavaScript dates. */
function isoOf(milliseconds: number): string | null {
  return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : null
}
