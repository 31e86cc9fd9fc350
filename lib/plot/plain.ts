import { UserError } from '../errors.js'
import { type ArrowColumn, columnReader } from '../files/arrow-values.js'

/** The part of a TensorFlow.js tensor that is needed here, from any copy of the package. */
export interface TensorLike {
  readonly shape: readonly number[]
  readonly dtype: string
  readonly isDisposed: boolean
  dataSync(): ArrayLike<number> | ArrayLike<string>
}

/** Returns whether a value looks like a TensorFlow.js tensor or variable. */
export function isTensor(value: unknown): value is TensorLike {
  if (typeof value !== 'object' || value === null) return false
  const { shape, dtype, isDisposed, dataSync } = value as Partial<TensorLike>
  return (
    Array.isArray(shape) &&
    typeof dtype === 'string' &&
    typeof isDisposed === 'boolean' &&
    typeof dataSync === 'function'
  )
}

/**
 * Converts a part of a figure to plain JSON, at any depth: typed arrays, Arrow columns and tensors to arrays, non-finite
 * numbers to null (a gap), dates to text, BigInts to numbers, or to text if a number would lose digits. Plain values are
 * returned without copying.
 *
 * @param where names the part in errors, e.g. `trace 1, y`
 * @throws UserError for values that cannot be converted: a disposed tensor, a `DataView`, a `Set`, a promise, a cycle.
 */
export function plainJson(value: unknown, where: string): unknown {
  return plain(value, where, new Set())
}

function plain(value: unknown, where: string, within: Set<object>): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (within.has(value)) throw refused(where, 'a figure without cycles', 'one that contains itself')
  within.add(value)
  const made = plainObject(value, where, within)
  within.delete(value)
  return made
}

function plainObject(value: object, where: string, within: Set<object>): unknown {
  const inner = (element: unknown): unknown => plain(element, where, within)
  if (Array.isArray(value)) return plainList(value, inner)
  if (ArrayBuffer.isView(value)) {
    if (value instanceof DataView) throw refused(where, 'numbers', 'a DataView', 'Convert it to a typed array.')
    return Array.from(value as unknown as ArrayLike<number | bigint>, inner)
  }
  if (isTensor(value)) return tensorValues(value, where)
  if (isArrowColumn(value)) {
    const read = columnReader(value)
    return Array.from({ length: value.length }, (_, row) => inner(read(row)))
  }
  const kind = otherKind(value)
  if (kind !== null) throw refused(where, 'an array', kind.name, kind.todo)
  const own = (value as { toJSON?: unknown }).toJSON
  if (typeof own === 'function') return inner(own.call(value))
  return plainEntries(value, where, within)
}

/** Converts holes and undefined to gaps, as JSON does. */
function plainList(list: readonly unknown[], inner: (element: unknown) => unknown): readonly unknown[] {
  let copy: unknown[] | null = null
  for (let i = 0; i < list.length; i++) {
    const element = list[i]
    const made = element === undefined ? null : inner(element)
    if (copy === null && made !== element) copy = list.slice(0, i)
    copy?.push(made)
  }
  return copy ?? list
}

function plainEntries(value: object, where: string, within: Set<object>): object {
  const entries = Object.entries(value)
  const made = entries.map(([key, element]) => [key, plain(element, `${where}, ${key}`, within)] as const)
  return made.every(([, element], i) => element === entries[i]![1]) ? value : Object.fromEntries(made)
}

/** Returns a tensor's numbers, nested by its shape. */
function tensorValues(tensor: TensorLike, where: string): unknown {
  const found = `a tensor [${tensor.shape.join(', ')}] of ${tensor.dtype}`
  if (tensor.isDisposed)
    throw refused(where, 'numbers', `${found} that was disposed`, 'Pass its values: tensor.arraySync().')
  if (tensor.dtype === 'complex64') throw refused(where, 'real numbers', found)
  let values: ArrayLike<number | string>
  try {
    values = tensor.dataSync()
  } catch {
    throw refused(where, 'numbers that can be read synchronously', found, 'Pass its values: await tensor.array().')
  }
  const finite = Array.from(values, (value) => (typeof value === 'number' && !Number.isFinite(value) ? null : value))
  let nested: unknown[] = finite
  for (const size of tensor.shape.slice(1).reverse()) {
    const rows = nested
    nested = Array.from({ length: size === 0 ? 0 : rows.length / size }, (_, i) => rows.slice(i * size, (i + 1) * size))
  }
  return tensor.shape.length === 0 ? finite[0] : nested
}

function isArrowColumn(value: object): value is ArrowColumn {
  const { type, length, get, isValid, data } = value as Partial<ArrowColumn>
  return (
    typeof type === 'object' &&
    typeof length === 'number' &&
    typeof get === 'function' &&
    typeof isValid === 'function' &&
    Array.isArray(data)
  )
}

/** Recognises objects that JSON silently turns into `{}`. */
function otherKind(value: object): { name: string; todo: string } | null {
  const kind = value.constructor?.name ?? 'value'
  const name = `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`
  if (typeof (value as { then?: unknown }).then === 'function') return { name: 'a promise', todo: 'Await it.' }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return { name, todo: 'Convert it to a typed array.' }
  if (Symbol.iterator in value) return { name, todo: 'Convert it to an array: Array.from(…).' }
  return null
}

function refused(where: string, expected: string, found: string, todo?: string): UserError {
  return new UserError({ where, expected, found, ...(todo === undefined ? {} : { todo }) })
}
