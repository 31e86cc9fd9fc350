import { createHash, type Hash } from 'node:crypto'
import { UserError } from '../../errors.js'
import { unreadable } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import { openRegular } from '../../files/regular.js'
import {
  MAX_NPY_HEADER,
  NPY_ARRAYS,
  NPY_MAGIC,
  type NpyData,
  type NpyDtype,
  type NpyHeader,
  npyHeader,
  parseNpyHeader,
} from './npy-header.js'

/** Result of reading a .npy file: its header, the bytes of the header, and its hash. */
export interface NpyFile extends NpyHeader {
  /** SHA-256 of the whole file. */
  readonly sha256: string
  /** Bytes before the elements. */
  readonly head: Uint8Array
}

/** Bytes of elements per callback; a multiple of every element size. */
const CHUNK = 2 ** 22

/**
 * Streams a .npy file (format 1.0, 2.0 or 3.0) a few megabytes at a time, so that the stored array need not fit into
 * memory: `begin` receives the header and returns the callback for the elements, which receives each piece with the
 * index of its first element. Each piece overwrites the one before.
 *
 * @throws UserError for input that {@link parseNpyHeader} rejects, another magic or version, a header longer than the
 * file, fewer or more bytes than the shape needs (before any callback), and whatever `begin` or its callback throws.
 */
export function scanNpy(file: string, begin: (header: NpyHeader) => (values: NpyData, first: number) => void): NpyFile {
  const fd = openRegular(file, 'a .npy file')
  try {
    const stat = attempt(file, () => fs.fstatSync(fd))
    const hash = createHash('sha256')
    const { header, head } = readHead(file, fd, stat.size)
    hash.update(head)
    const { BYTES_PER_ELEMENT: width } = NPY_ARRAYS[header.dtype]
    const bytes = header.shape.reduce((product, size) => product * size, 1) * width
    const there = stat.size - head.length
    const wanted = `${bytes} bytes for ${header.dtype} (${header.shape.join(', ')})`
    if (there < bytes) throw refused(file, wanted, `${there}: the file is cut off`)
    if (there > bytes) throw refused(file, wanted, `${there}: ${there - bytes} bytes follow the array`)
    readNumbers(file, fd, { header, from: head.length, bytes }, begin(header), hash)
    return { ...header, head, sha256: hash.digest('hex') }
  } finally {
    fs.closeSync(fd)
  }
}

/** Allocates a large array. @throws UserError when memory does not suffice. */
export function allocate<T>(file: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UserError(
      { where: file, expected: 'an array that fits into memory', found: error.message },
      { cause: error },
    )
  }
}

function readHead(file: string, fd: number, size: number): { header: NpyHeader; head: Uint8Array } {
  const start = readAt(file, fd, 0, Math.min(12, size))
  const magic = Buffer.from(start.subarray(0, 6)).toString('latin1')
  if (size === 0) throw refused(file, 'a .npy file', 'an empty file')
  if (magic !== NPY_MAGIC.slice(0, size))
    throw refused(file, 'a .npy file (it begins with \\x93NUMPY)', 'something else')
  if (size < 12) throw refused(file, 'a .npy header', `only ${size} bytes: the file is cut off`)
  const [major, minor] = [start[6]!, start[7]!]
  if (!(major >= 1 && major <= 3 && minor === 0))
    throw refused(file, 'format version 1.0, 2.0 or 3.0', `${major}.${minor}`)
  const view = new DataView(start.buffer, start.byteOffset)
  const before = major === 1 ? 10 : 12
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_NPY_HEADER) throw refused(file, `a header of at most ${MAX_NPY_HEADER} bytes`, `one of ${length}`)
  if (before + length > size)
    throw refused(file, `a header of ${length} bytes`, `${size - before}: the file is cut off, or the length is wrong`)
  const head = readAt(file, fd, 0, before + length)
  const text = Buffer.from(head.subarray(before)).toString(major === 3 ? 'utf8' : 'latin1')
  return { header: parseNpyHeader(text, file), head }
}

function readNumbers(
  file: string,
  fd: number,
  { header, from, bytes }: { header: NpyHeader; from: number; bytes: number },
  take: (values: NpyData, first: number) => void,
  hash: Hash,
): void {
  const Type = NPY_ARRAYS[header.dtype]
  const width = Type.BYTES_PER_ELEMENT
  const buffer = new Uint8Array(Math.min(CHUNK, bytes))
  for (let at = 0; at < bytes; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, bytes - at))
    readInto(file, fd, piece, from + at)
    hash.update(piece)
    const values = new Type(buffer.buffer, 0, piece.length / width)
    if (header.dtype === '|b1') checkBooleans(file, values as Uint8Array, at)
    take(values, at / width)
  }
}

function checkBooleans(file: string, values: Uint8Array, first: number): void {
  const wrong = values.findIndex((value) => value > 1)
  if (wrong >= 0) throw refused(`${file}, number ${first + wrong}`, 'a boolean, 0 or 1', String(values[wrong]))
}

function readAt(file: string, fd: number, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  readInto(file, fd, bytes, from)
  return bytes
}

function readInto(file: string, fd: number, into: Uint8Array, from: number): void {
  for (let done = 0; done < into.length; ) {
    const got = attempt(file, () => fs.readSync(fd, into, done, into.length - done, from + done))
    if (got === 0) throw refused(file, 'a file of constant length', 'one that shrank while it was read')
    done += got
  }
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unreadable(file, error)
  }
}

function refused(where: string, expected: string, found: string): UserError {
  return new UserError({ where, expected, found, todo: 'Copy the file again, or save it again with numpy.save.' })
}

export { type NpyData, type NpyDtype, type NpyHeader, npyHeader }
