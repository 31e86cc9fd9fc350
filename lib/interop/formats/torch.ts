import { endianness } from 'node:os'
import { UserError } from '../../errors.js'
import { ARRAY_TYPES, toFloat32 } from '../../files/safetensors-dtype.js'
import { readPickle } from './pickle.js'
import type { PickleValue } from './pickle-value.js'
import { type TorchStorage, type TorchTensor, torchGlobals, torchStorage } from './torch-tensor.js'
import { openTorchZip, type TorchZip, type ZipMember } from './torch-zip.js'

/** A file of `torch.save`, open: what it holds is known, its tensors are read one by one. */
export interface TorchFile {
  /** The saved object. */
  readonly root: PickleValue
  /**
   * A tensor's numbers in row-major order as float32: half precision widened exactly, float64 rounded, whole numbers
   * converted. The same view of the same storage is read once.
   *
   * @throws UserError when it is damaged or cannot be read.
   */
  read(tensor: TorchTensor): Float32Array
  /** Closes the file; reading ends. */
  close(): void
}

/** Largest pickle in an archive: names, shapes and the state of an optimiser, never numbers of tensors. */
const MAX_PICKLE = 2 ** 26
/** Numbers converted at a time, so that a table is never held twice. */
const CHUNK = 2 ** 20
/** Views may hold this many times the numbers that are stored. */
const MAX_REPEATS = 4

/**
 * Opens a file written with `torch.save` (PyTorch 1.6 and later). Nothing in it is run; see `readPickle`.
 *
 * @throws UserError for anything but tensors in plain data, for a damaged archive and for sizes that do not fit.
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

/** The file says how it orders bytes; one that does not was written before PyTorch 2.1, on nothing but little-endian machines. */
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
      todo: 'It is no checkpoint of a model of this kind.',
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

/** Numbers that lie one after the other; those of float32 go from the file to where they stay. */
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

/** Row-major order out of any strides. */
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

/** Whether the numbers lie in row-major order; the stride of an axis of length 1 says nothing. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}

/** Memory for so many numbers. @throws UserError when there is none. */
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
