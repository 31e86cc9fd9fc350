import { UserError } from '../../errors.js'

/** Element types that are read and written, as NumPy's `descr` names them: little-endian, or of one byte. */
export type NpyDtype = '|b1' | '|u1' | '|i1' | '<u2' | '<i2' | '<u4' | '<i4' | '<u8' | '<i8' | '<f4' | '<f8'

/** The numbers of an array. Booleans are bytes of 0 and 1; 64-bit whole numbers are bigints. */
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array

/** The typed array of each element type. */
export const NPY_ARRAYS = {
  '|b1': Uint8Array,
  '|u1': Uint8Array,
  '|i1': Int8Array,
  '<u2': Uint16Array,
  '<i2': Int16Array,
  '<u4': Uint32Array,
  '<i4': Int32Array,
  '<u8': BigUint64Array,
  '<i8': BigInt64Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const

/** The content of a .npy file's header. */
export interface NpyHeader {
  readonly dtype: NpyDtype
  /** Sizes of the dimensions; `[]` for a single number. The last one runs fastest (C order). */
  readonly shape: readonly number[]
}

/** The first six bytes of a .npy file. */
export const NPY_MAGIC = '\x93NUMPY'

/** NumPy itself allows 65,535 bytes in version 1.0; no array of numbers needs more than some hundred. */
export const MAX_NPY_HEADER = 65_535

/** NumPy's limit on dimensions (version 2; 32 before it). */
const MAX_DIMENSIONS = 64

/**
 * The head of a .npy file (version 1.0), byte for byte as NumPy 1.24 and later write it: room for the first dimension to
 * grow, and spaces up to a multiple of 64 bytes.
 *
 * Source: NumPy's description of the format, `numpy.lib.format`.
 */
export function npyHeader({ dtype, shape }: NpyHeader): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dictionary = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${sizes}), }`
  const growth = shape.length === 0 ? 0 : 21 - String(shape[0]).length
  const used = 10 + dictionary.length + growth + 1
  const padding = growth + 64 - (used % 64)
  const text = `${dictionary}${' '.repeat(padding)}\n`
  const head = Buffer.alloc(10 + text.length)
  head.write(NPY_MAGIC, 'latin1')
  head[6] = 1
  head.writeUInt16LE(text.length, 8)
  head.write(text, 10, 'latin1')
  return head
}

/**
 * Reads the dictionary of a .npy header with a parser that knows three keys, words, truth values and tuples of whole numbers;
 * nothing is evaluated.
 *
 * @param where named in errors
 * @throws UserError for anything else: other keys, a key twice or missing, object, structured, big-endian and unknown
 * types, Fortran order of more than one dimension, shapes that are negative or beyond what can be counted.
 */
export function parseNpyHeader(text: string, where: string): NpyHeader {
  const fail = failure(where)
  const fields = readFields(text, fail)
  const descr = fields.get('descr')
  const fortran = fields.get('fortran_order')
  const shape = fields.get('shape')
  if (descr === undefined || fortran === undefined || shape === undefined) {
    const missing = ['descr', 'fortran_order', 'shape'].find((key) => !fields.has(key))
    throw fail("the keys 'descr', 'fortran_order' and 'shape'", `no ${missing}`)
  }
  const dtype = dtypeOf(descr, fail)
  const sizes = shapeOf(shape, fail)
  if (fortran !== 'True' && fortran !== 'False') throw fail("'fortran_order' True or False", brief(fortran))
  if (fortran === 'True' && sizes.length > 1)
    throw fail('rows one after the other (C order)', 'Fortran order', 'Save it with numpy.ascontiguousarray.')
  return { dtype, shape: sizes }
}

type Fail = (expected: string, found: string, todo?: string) => UserError

function failure(where: string): Fail {
  return (expected, found, todo = 'The file is damaged or no array of numbers: save it again with numpy.save.') =>
    new UserError({ where: `${where}, header`, expected, found, todo })
}

/** Python's literals, as far as they stand in a header; a list or tuple inside another is a structured type. */
const VALUE = /'[^'\\]*'|"[^"\\]*"|True|False|\([^()[\]{}]*\)|\[[\s\S]*\]/y
const KEY = /\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*:\s*/y
const COMMA = /\s*,/y
const END = /\s*\}[ \t]*\n?$/y

/** The source text of each key's value. */
function readFields(text: string, fail: Fail): Map<string, string> {
  const fields = new Map<string, string>()
  const eat = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match
  }
  let at = /^\s*\{/.exec(text)?.[0].length ?? 0
  if (at === 0) throw fail('a dictionary in braces', brief(text))
  while (!eat(END)) {
    const key = eat(KEY)
    if (!key) throw fail('a key in quotes', brief(text.slice(at)))
    const name = key[1] ?? key[2]!
    if (!['descr', 'fortran_order', 'shape'].includes(name))
      throw fail("no keys but 'descr', 'fortran_order' and 'shape'", brief(name))
    if (fields.has(name)) throw fail('every key once', `'${name}' twice`)
    const value = eat(VALUE)
    if (!value) throw fail(`a value of '${name}'`, brief(text.slice(at)))
    fields.set(name, value[0])
    if (!eat(COMMA) && !/^\s*\}/.test(text.slice(at)))
      throw fail(`a comma or brace after '${name}'`, brief(text.slice(at)))
  }
  return fields
}

function dtypeOf(source: string, fail: Fail): NpyDtype {
  const known = `a type of ${Object.keys(NPY_ARRAYS).join(', ')}`
  if (source.startsWith('[') || source.startsWith('(')) throw fail(known, `a structured type, ${brief(source)}`)
  const name = source.slice(1, -1)
  if (isDtype(name)) return name
  const why = /^[|<>=]?O/.test(name)
    ? ' (Python objects)'
    : /^>/.test(name)
      ? ' (big-endian)'
      : /^[|<=]?[SUVa]/.test(name)
        ? ' (no numbers)'
        : ''
  throw fail(known, `${brief(name)}${why}`)
}

function isDtype(name: string): name is NpyDtype {
  return Object.hasOwn(NPY_ARRAYS, name)
}

function shapeOf(source: string, fail: Fail): number[] {
  const inner = /^\(\s*(.*?)\s*\)$/s.exec(source)?.[1]
  if (inner === undefined) throw fail("'shape' as a tuple", brief(source))
  if (inner === '') return []
  const parts = inner.split(',').map((part) => part.trim())
  if (parts.length === 1) throw fail("'shape' as a tuple, like (3,)", brief(source))
  if (parts.at(-1) === '') parts.pop()
  if (parts.length > MAX_DIMENSIONS) throw fail(`at most ${MAX_DIMENSIONS} dimensions`, String(parts.length))
  let product = 1
  return parts.map((part) => {
    if (!/^\d{1,16}$/.test(part)) throw fail('sizes of 0 or more in the shape', brief(source))
    const size = Number(part)
    product *= Math.max(size, 1)
    if (!Number.isSafeInteger(product * 8)) throw fail('a shape that a file can hold', brief(source))
    return size
  })
}

function brief(text: string): string {
  const quoted = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
  return quoted === '""' ? 'nothing' : quoted
}
