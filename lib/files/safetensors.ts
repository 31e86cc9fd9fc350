import { readBytes } from './atomic.js'
import { ARRAY_TYPES, type Dtype, dtypeOf, type TensorData, toFloat32 } from './safetensors-dtype.js'
import { isReserved, readHeader, type TensorPlace } from './safetensors-header.js'

/** One tensor of a file. */
export interface StoredTensor {
  readonly dtype: Dtype
  /** Dimensions; `[]` for a scalar. */
  readonly shape: readonly number[]
  /** Elements in row-major order. */
  readonly data: TensorData
}

/** A tensor to write: {@link StoredTensor}, whose dtype is needed only for half precision and BOOL. */
export interface TensorEntry {
  readonly dtype?: Dtype
  readonly shape: readonly number[]
  readonly data: TensorData
}

/** A safetensors file in memory. */
export interface Safetensors {
  readonly tensors: Map<string, StoredTensor>
  readonly metadata: Record<string, string>
}

/**
 * Reads a safetensors file, from disk or from memory. Tensors are views of its bytes when these are aligned, else
 * copies. Half precision stays raw (see `toFloat32`).
 *
 * @param where name used in errors. Default: the file
 * @throws UserError that names the fault, before any tensor is touched: a truncated file, a header that is too long or
 * not JSON, a duplicate key, an unknown dtype, a shape that disagrees with its bytes, tensors that overlap or leave
 * gaps.
 */
export function readSafetensors(source: Uint8Array | string, where?: string): Safetensors {
  const bytes = typeof source === 'string' ? readBytes(source) : source
  const header = readHeader(bytes, where ?? (typeof source === 'string' ? source : 'safetensors'))
  const tensors = new Map<string, StoredTensor>()
  for (const place of header.tensors)
    tensors.set(place.name, { dtype: place.dtype, shape: place.shape, data: view(bytes, header.size, place) })
  return { tensors, metadata: header.metadata }
}

/** Returns tensors of any element type as float32, by name. */
export function float32Tensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const widened = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  for (const [name, tensor] of tensors) widened.set(name, { shape: tensor.shape, data: toFloat32(tensor) })
  return widened
}

/**
 * Returns tensors and metadata as the pieces of a safetensors file: the header, then the memory of each tensor, uncopied,
 * for files about as large as free memory. Equal content gives equal bytes, whatever its order: tensors are sorted by width,
 * widest first, then by name.
 */
export function safetensorsPieces(
  entries: Iterable<readonly [string, TensorEntry]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const ranks = [...ARRAY_TYPES.keys()]
  const tensors = [...entries].map(([name, entry]) => ({ name, ...checked(name, entry) }))
  tensors.sort((a, b) => ranks.indexOf(a.dtype) - ranks.indexOf(b.dtype) || compare(a.name, b.name))
  const names = new Set(tensors.map(({ name }) => name))
  if (names.size < tensors.length) throw new TypeError('two tensors of one name')
  for (const name of [...names, ...Object.keys(metadata)])
    if (isReserved(name)) throw new TypeError(`${name} cannot name a tensor or metadata`)
  const fields: string[] = []
  const words = Object.entries(metadata).sort(([a], [b]) => compare(a, b))
  if (words.length > 0)
    fields.push(`"__metadata__":{${words.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`)
  let at = 0
  const data: Uint8Array[] = []
  for (const tensor of tensors) {
    const end = at + tensor.data.byteLength
    const entry = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [at, end] }
    fields.push(`${JSON.stringify(tensor.name)}:${JSON.stringify(entry)}`)
    data.push(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength))
    at = end
  }
  const json = Buffer.from(`{${fields.join(',')}}`, 'utf8')
  const length = Math.ceil(json.length / 8) * 8
  const head = Buffer.alloc(8 + length, ' ')
  head.writeBigUInt64LE(BigInt(length))
  json.copy(head, 8)
  return [head, ...data]
}

function view(bytes: Uint8Array, headerSize: number, { dtype, begin, end }: TensorPlace): TensorData {
  const Type = ARRAY_TYPES.get(dtype)!
  const length = (end - begin) / Type.BYTES_PER_ELEMENT
  const start = bytes.byteOffset + headerSize + begin
  if (start % Type.BYTES_PER_ELEMENT === 0) return new Type(bytes.buffer, start, length)
  return new Type(new Uint8Array(bytes.subarray(headerSize + begin, headerSize + end)).buffer, 0, length)
}

function checked(name: string, { dtype, shape, data }: TensorEntry): StoredTensor {
  const type = dtype ?? dtypeOf(data)
  const size = shape.reduce((product, n) => product * n, 1)
  if (!(data instanceof ARRAY_TYPES.get(type)!)) throw new TypeError(`tensor ${name}: ${type} from the wrong array`)
  if (size !== data.length)
    throw new RangeError(`tensor ${name}: [${shape.join(', ')}] needs ${size}, not ${data.length}`)
  return { dtype: type, shape, data }
}

/** Compares by code unit, independent of the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
