import { UserError } from '../errors.js'
import { isJsonObject, type JsonObject, kindOf, whyNotJson } from './json.js'
import { duplicateKey, isHostileKey } from './json-keys.js'
import { ARRAY_TYPES, type Dtype, isDtype } from './safetensors-dtype.js'

/** Position of one tensor. */
export interface TensorPlace {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  /** Offsets of its first byte and the byte after its last, counted from the end of the header. */
  readonly begin: number
  readonly end: number
}

/** Header of a safetensors file. */
export interface Header {
  /** Bytes before the tensors: the length field and the header. */
  readonly size: number
  readonly metadata: Record<string, string>
  /** Tensors in file order. */
  readonly tensors: readonly TensorPlace[]
}

/**
 * Maximum header size: some 150,000 tensors. The reference implementation accepts 100 MB, which keep a parser busy for a
 * minute.
 */
export const MAX_HEADER = 2 ** 24

/** Returns whether a name is forbidden for tensors and metadata entries. */
export function isReserved(name: string): boolean {
  return isHostileKey(name) || name === '__metadata__'
}

/**
 * Reads and checks the header of a safetensors file.
 *
 * @param bytes the file, or its beginning with the whole header
 * @param fileBytes length of the file. Default: that of `bytes`
 * @throws UserError that names the fault.
 */
export function readHeader(bytes: Uint8Array, where: string, fileBytes: number = bytes.length): Header {
  const fail = faults(where)
  if (bytes.length < 8) throw fail('8 bytes of header length', `${bytes.length} bytes in all`)
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER) throw fail(`a header of at most ${MAX_HEADER} bytes`, `one of ${length}`)
  const size = 8 + length
  if (size > bytes.length) throw fail(`a header of ${length} bytes`, `only ${bytes.length - 8} bytes after its length`)
  const header = parse(bytes.subarray(8, size), fail)
  const metadata = readMetadata(header, fail)
  const tensors = Object.keys(header)
    .filter((name) => name !== '__metadata__')
    .map((name) => readPlace(name, header[name], fail))
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkCover(tensors, fileBytes - size, fail)
  return { size, metadata, tensors }
}

type Fail = (expected: string, found: string, tensor?: string) => UserError

function faults(where: string): Fail {
  return (expected, found, tensor) =>
    new UserError({
      where: tensor === undefined ? where : `${where}, tensor ${JSON.stringify(tensor)}`,
      expected,
      found,
      todo: 'The file is damaged or not a safetensors file: copy or create it again.',
    })
}

function parse(bytes: Uint8Array, fail: Fail): JsonObject {
  if (bytes[0] !== 0x7b)
    throw fail('a header that begins with {', bytes.length === 0 ? 'an empty one' : 'something else')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw fail('a header in UTF-8', 'invalid bytes')
  }
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (error) {
    throw fail('a header in JSON', whyNotJson(error))
  }
  if (!isJsonObject(header)) throw fail('a JSON object', kindOf(header))
  const twice = duplicateKey(text)
  if (twice !== null) throw fail('every key of the header once', `${JSON.stringify(twice)} twice`)
  return header
}

function readMetadata(header: JsonObject, fail: Fail): Record<string, string> {
  const metadata: Record<string, string> = {}
  if (!Object.hasOwn(header, '__metadata__')) return metadata
  const given = header.__metadata__
  if (!isJsonObject(given)) throw fail('metadata as an object of strings', kindOf(given))
  for (const [key, value] of Object.entries(given)) {
    if (isReserved(key)) throw fail('metadata keys that are plain words', key)
    if (typeof value !== 'string') throw fail(`metadata ${JSON.stringify(key)} as a string`, kindOf(value))
    metadata[key] = value
  }
  return metadata
}

function readPlace(name: string, entry: unknown, fail: Fail): TensorPlace {
  if (isReserved(name)) throw fail('a name that is a plain word', 'a reserved one', name)
  if (!isJsonObject(entry)) throw fail('an object with dtype, shape and data_offsets', kindOf(entry), name)
  const unknown = Object.keys(entry).find((key) => !['dtype', 'shape', 'data_offsets'].includes(key))
  if (unknown !== undefined) throw fail('dtype, shape and data_offsets', JSON.stringify(unknown), name)
  const { dtype, shape, data_offsets: offsets } = entry
  if (!isDtype(dtype))
    throw fail(`a dtype of ${[...ARRAY_TYPES.keys()].join(', ')}`, String(JSON.stringify(dtype) ?? 'nothing'), name)
  if (!isSizes(shape)) throw fail('a shape of whole numbers', String(JSON.stringify(shape) ?? 'nothing'), name)
  if (!isSizes(offsets) || offsets.length !== 2)
    throw fail('data_offsets [begin, end]', String(JSON.stringify(offsets) ?? 'nothing'), name)
  const [begin, end] = offsets as [number, number]
  if (begin > end) throw fail('data_offsets in order', `[${begin}, ${end}]`, name)
  const wanted = shape.reduce((product, n) => product * n, ARRAY_TYPES.get(dtype)!.BYTES_PER_ELEMENT)
  if (wanted !== end - begin) throw fail(`${wanted} bytes for ${dtype} [${shape.join(', ')}]`, `${end - begin}`, name)
  return { name, dtype, shape, begin, end }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)
}

/** Checks that the tensors are contiguous and fill the rest of the file: no overlap, no gap, no hidden bytes. */
function checkCover(tensors: readonly TensorPlace[], available: number, fail: Fail): void {
  let at = 0
  for (const { name, begin, end } of tensors) {
    if (begin < at) throw fail(`data from byte ${at} on`, `an overlap: it begins at ${begin}`, name)
    if (begin > at) throw fail(`data from byte ${at} on`, `a gap: it begins at ${begin}`, name)
    if (end > available) throw fail(`data up to byte ${end}`, `a truncated file with ${available} bytes of data`, name)
    at = end
  }
  if (at !== available) throw fail(`${at} bytes of data`, `${available}: ${available - at} more than the header names`)
}
