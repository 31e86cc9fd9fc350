import { endianness } from 'node:os'
import { UserError } from '../../errors.js'
import { ARRAY_TYPES, toFloat32 } from '../../files/safetensors-dtype.js'
import { readPickle } from './pickle.js'
import type { PickleValue } from './pickle-value.js'
import { type TorchStorage, type TorchTensor, torchGlobals, torchStorage } from './torch-tensor.js'
import { openTorchZip, type TorchZip, type ZipMember } from './torch-zip.js'

/** An open file of `torch.save`: its structure is known, and tensors are read one by one. */
export interface TorchFile {
  /** The saved object. */
  readonly root: PickleValue
  /**
   * Reads a tensor as float32 in row-major order: half precision widened exactly, float64 rounded, integers converted.
   * Each view of a storage is read once.
   *
   * @throws UserError when the file is damaged or cannot be read.
   */
  read(tensor: TorchTensor): Float32Array
  /** Closes the file; its tensors can no longer be read. */
  close(): void
}

/** Maximum size of the pickle in an archive: names, shapes and the state of an optimiser, never tensor elements. */
const MAX_PICKLE = 2 ** 26
/** Number of elements converted at a time, so that a table is never held twice. */
const CHUNK = 2 ** 20
/** Maximum ratio of viewed to stored elements. */
const MAX_REPEATS = 4

/**
 * Opens a file written with `torch.save` (PyTorch 1.6 and later). Nothing in it is executed; see `readPickle`.
 *
 * @throws UserError for anything but tensors in plain data, for a damaged archive and for inconsistent sizes.
 */
export async function openTorchFile(file: string): Promise<TorchFile> {
  const zip = await openTorchZip(file)
  try {
    return open(zip)
  } catch (error) {
    zip.close()
    throw error
  }
}

function open(zip: TorchZip): TorchFile {
  const swap = isOtherEndian(zip)
  const pickle = readWhole(zip, 'data.pkl', MAX_PICKLE)
  const stored = new Map<string, TorchStorage>()
  const root = readPickle(
    pickle,
    {
      globals: torchGlobals,
      persistent(id, fail) {
        const storage = torchStorage(id, fail)
        const known = stored.get(storage.key)
        if (known?.dtype === storage.dtype && known.length === storage.length) return known
        if (known) throw fail(`storage ${storage.key} as ${known.describe()}`, storage.describe())
        const bytes = storage.length * bytesOf(storage)
        const size = zip.members.get(`data/${storage.key}`)?.size
        if (size === undefined) throw fail(`a storage that is in the archive`, `no data/${storage.key}`)
        if (size !== bytes) throw fail(`${bytes} bytes in data/${storage.key} for ${storage.describe()}`, `${size}`)
        stored.set(storage.key, storage)
        return storage
      },
    },
    `${zip.file}, data.pkl`,
  )
  let budget = [...stored.values()].reduce((sum, { length }) => sum + length, 0) * MAX_REPEATS
  const verified = new Set<ZipMember>()
  const views = new Map<string, Float32Array>()
  return {
    root,
    read(tensor) {
      const { key } = tensor.storage
      const view = [key, tensor.offset, tensor.shape, tensor.strides].join('|')
      const before = views.get(view)
      if (before) return before
      budget -= tensor.size
      if (budget < 0)
        throw new UserError({
          where: zip.file,
          expected: `tensors of at most ${MAX_REPEATS} times the numbers stored`,
          found: 'views that repeat them more often',
        })
      const member = zip.members.get(`data/${key}`)!
      if (!verified.has(member)) zip.verify(member)
      verified.add(member)
      const numbers = readNumbers(zip, member, tensor, swap)
      views.set(view, numbers)
      return numbers
    },
    close: () => zip.close(),
  }
}

/**
 * The file records its byte order; a file without one predates PyTorch 2.1, when all supported machines were
 * little-endian.
 */
function isOtherEndian(zip: TorchZip): boolean {
  const member = zip.members.get('byteorder')
  const order = member ? readWhole(zip, 'byteorder', 16).toString('latin1') : 'little'
  if (order === 'little' || order === 'big') return (endianness() === 'LE') !== (order === 'little')
  throw new UserError({
    where: `${zip.file}, byteorder`,
    expected: 'little or big',
    found: JSON.stringify(order),
    todo: 'Save the file again with torch.save.',
  })
}

function readWhole(zip: TorchZip, name: string, most: number): Buffer {
  const member = zip.members.get(name)!
  if (member.size > most)
    throw new UserError({
      where: `${zip.file}, ${name}`,
      expected: `at most ${most} bytes`,
      found: `${member.size}`,
      todo: 'It is not a checkpoint of a model of this kind.',
    })
  zip.verify(member)
  const bytes = Buffer.alloc(member.size)
  zip.read(member, bytes, 0)
  return bytes
}

function readNumbers(zip: TorchZip, member: ZipMember, tensor: TorchTensor, swap: boolean): Float32Array {
  const { offset, shape, strides, storage, size } = tensor
  if (size === 0) return new Float32Array(0)
  if (isContiguous(shape, strides)) return readRange(zip, member, storage, offset, size, swap)
  const span = 1 + shape.reduce((sum, n, i) => sum + (n - 1) * strides[i]!, 0)
  return gather(readRange(zip, member, storage, offset, span, swap), shape, strides, allocate(zip.file, size))
}

/** Reads contiguous elements; float32 is read directly into its destination. */
function readRange(
  zip: TorchZip,
  member: ZipMember,
  storage: TorchStorage,
  first: number,
  count: number,
  swap: boolean,
): Float32Array {
  const out = allocate(zip.file, count)
  const width = bytesOf(storage)
  if (storage.dtype === 'F32') {
    const bytes = Buffer.from(out.buffer)
    zip.read(member, bytes, first * width)
    if (swap) swapBytes(bytes, width)
    return out
  }
  const ArrayType = ARRAY_TYPES.get(storage.dtype)!
  for (let at = 0; at < count; at += CHUNK) {
    const length = Math.min(CHUNK, count - at)
    const raw = Buffer.from(new ArrayBuffer(length * width))
    zip.read(member, raw, (first + at) * width)
    if (swap) swapBytes(raw, width)
    out.set(toFloat32({ dtype: storage.dtype, data: new ArrayType(raw.buffer, 0, length) }), at)
  }
  return out
}

/** Gathers strided elements into row-major order. */
function gather(
  span: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  out: Float32Array,
): Float32Array {
  const index = new Array<number>(shape.length).fill(0)
  let from = 0
  for (let to = 0; to < out.length; to++) {
    out[to] = span[from]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return out
}

/** Returns whether strides are row-major; the stride of an axis of length 1 is irrelevant. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}

/** Allocates memory for numbers. @throws UserError when it does not suffice. */
function allocate(file: string, count: number): Float32Array {
  try {
    return new Float32Array(count)
  } catch (error) {
    throw new UserError(
      { where: file, expected: 'a tensor that fits into memory', found: `one of ${count} numbers` },
      { cause: error },
    )
  }
}

function bytesOf({ dtype }: TorchStorage): number {
  return ARRAY_TYPES.get(dtype)!.BYTES_PER_ELEMENT
}

function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16()
  else if (width === 4) bytes.swap32()
  else if (width === 8) bytes.swap64()
}
