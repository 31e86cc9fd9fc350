import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import path from 'node:path'
import { UserError } from '../errors.js'
import { removeQuietly, removeTemporary, temporaryFor, tidy } from './leftovers.js'
import { fileOperations as fs } from './operations.js'
import { openRegular } from './regular.js'
import { notWritable, refused, systemCode, systemReason, unreadable, WITHOUT_LINKS } from './system-errors.js'

export { notWritable, systemReason, unreadable }

/** Maximum bytes per system call: Linux and Node reject calls of 2 GiB and more. */
const CHUNK = 2 ** 30

/**
 * Writes a file atomically: a reader, or a crash, sees the old content or the new, never a part. The content goes to a
 * temporary file in the same folder, which is flushed, then renamed over the old one. Content in several pieces is
 * written in order, without a copy of the whole. Permissions of the old file are kept; a symbolic link is replaced, not
 * followed.
 *
 * @param options.makeFolder whether a missing folder is created, with its parents. Default: true
 * @throws UserError when the folder is not writable, the disk is full, or the path is that of a device, a pipe or a socket;
 * the old file is then unchanged.
 */
export function writeFileAtomic(
  named: string,
  content: Uint8Array | string | readonly Uint8Array[],
  { makeFolder = true }: { readonly makeFolder?: boolean } = {},
): void {
  writeWhole(named, content, makeFolder, (temporary, file) => {
    fs.renameSync(temporary, file)
    return true
  })
}

/**
 * Writes a file atomically as `writeFileAtomic` does, unless there is one. Of several processes that create the same file,
 * one does.
 *
 * @returns false when there is one already, which is left as it is
 * @throws UserError when the folder is not writable or the disk is full.
 */
export function createFileAtomic(named: string, content: Uint8Array | string | readonly Uint8Array[]): boolean {
  return writeWhole(named, content, true, (temporary, file) => {
    try {
      fs.linkSync(temporary, file)
    } catch (error) {
      const code = systemCode(error)
      if (code === 'EEXIST') return false
      if (!WITHOUT_LINKS.has(code)) throw error
      // A rename replaces what another process creates between these two lines.
      if (fs.existsSync(file)) return false
      fs.renameSync(temporary, file)
      return true
    }
    removeTemporary(temporary)
    return true
  })
}

/** Writes a temporary file, flushes it and gives it its place. @returns whether `place` took it */
function writeWhole(
  named: string,
  content: Uint8Array | string | readonly Uint8Array[],
  makeFolder: boolean,
  place: (temporary: string, file: string) => boolean,
): boolean {
  // As `path.join` does elsewhere: what `..` removes is not looked up, nor made.
  const file = path.normalize(named)
  const folder = path.dirname(file)
  const temporary = temporaryFor(file)
  const old = replaced(file)
  let isPlaced: boolean
  try {
    if (makeFolder) ensureFolder(folder)
    const fd = openNew(temporary, old)
    try {
      for (const piece of pieces(content)) writeAll(fd, piece)
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
    isPlaced = place(temporary, file)
    if (!isPlaced) removeQuietly(temporary)
    syncFolder(folder)
  } catch (error) {
    removeQuietly(temporary)
    throw notWritable(file, error)
  }
  tidy(folder)
  return isPlaced
}

/** Returns the permissions of the file that a rename will replace. @throws UserError when it is no regular file. */
function replaced(file: string): number | undefined {
  let stat: Stats | undefined
  try {
    stat = fs.statSync(file, { throwIfNoEntry: false })
  } catch {
    // The write itself reports a path that cannot be used.
  }
  if (stat === undefined || stat.isDirectory()) return undefined
  if (stat.isFile()) return stat.mode & 0o777
  const kind = stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device'
  throw new UserError({
    where: file,
    expected: 'a new file, or one to replace',
    found: kind,
    todo: 'Write to another file.',
  })
}

/** Opens a temporary file that is not there yet: a link in its place would lead elsewhere. */
function openNew(temporary: string, mode: number | undefined): number {
  try {
    return fs.openSync(temporary, 'wx', mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // A killed process of the same number left it.
    fs.rmSync(temporary)
    return fs.openSync(temporary, 'wx', mode)
  }
}

/**
 * Appends to an existing file after its first `at` bytes, and flushes it; whatever an interrupted append left after them is
 * removed first. A reader that knows how many bytes are complete never sees a part.
 *
 * @throws UserError when the file cannot be written or the disk is full; its first `at` bytes are then unchanged.
 */
export function appendToFile(file: string, at: number, bytes: Uint8Array): void {
  try {
    const fd = fs.openSync(file, 'r+')
    try {
      fs.ftruncateSync(fd, at)
      writeAll(fd, bytes, at)
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    throw notWritable(file, error)
  }
}

/** Creates a folder and its parents. @throws UserError when it cannot be created. */
export function makeFolder(folder: string): void {
  try {
    ensureFolder(folder)
  } catch (error) {
    throw refused(folder, 'a folder that can be created', 'write', error)
  }
}

/**
 * Reads a whole file.
 *
 * @param most bytes that the file may have. Default: no limit
 * @throws UserError when it cannot be read, is longer than that, or is no regular file: reading a pipe could wait for ever.
 */
export function readBytes(file: string, most = Number.POSITIVE_INFINITY): Buffer {
  const fd = openRegular(file)
  try {
    const { size } = fs.fstatSync(fd)
    if (size > most)
      throw new UserError({ where: file, expected: `a file of at most ${most} bytes`, found: `one of ${size}` })
    // Node's own reader refuses 2 GiB and more; checkpoints with large puzzle embeddings come near that.
    return size > CHUNK ? readLarge(fd, size) : fs.readFileSync(fd)
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(file, error)
  } finally {
    closeRead(fd)
  }
}

/** Closes a descriptor that was only read: an error of closing says nothing about what was read. */
function closeRead(fd: number): void {
  try {
    fs.closeSync(fd)
  } catch {
    // The system gives the descriptor back.
  }
}

/** Returns the SHA-256 of bytes, or of several pieces in order, in hexadecimal. */
export function sha256(bytes: Uint8Array | string | readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces(bytes))
    for (let at = 0; at < piece.length || at === 0; at += CHUNK) hash.update(piece.subarray(at, at + CHUNK))
  return hash.digest('hex')
}

function pieces(content: Uint8Array | string | readonly Uint8Array[]): readonly Uint8Array[] {
  if (typeof content === 'string') return [Buffer.from(content, 'utf8')]
  return content instanceof Uint8Array ? [content] : content
}

/**
 * Writes all bytes.
 *
 * @param at position in the file; default: where the descriptor is
 */
export function writeAll(fd: number, bytes: Uint8Array, at: number | null = null): void {
  for (let done = 0; done < bytes.length; )
    done += fs.writeSync(fd, bytes, done, Math.min(CHUNK, bytes.length - done), at === null ? null : at + done)
}

function readLarge(fd: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size)
  for (let done = 0; done < size; ) {
    const got = fs.readSync(fd, bytes, done, Math.min(CHUNK, size - done), done)
    if (got === 0) throw new Error('file that shrank while it was read')
    done += got
  }
  return bytes
}

// Node's recursive mkdir never returns in a folder that rejects children, such as /proc.
function ensureFolder(folder: string): void {
  try {
    fs.mkdirSync(folder)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const parent = path.dirname(folder)
    if (code === 'ENOENT' && parent !== folder && !fs.existsSync(parent)) {
      ensureFolder(parent)
      ensureFolder(folder)
    } else if (!fs.existsSync(folder) || !fs.statSync(folder).isDirectory()) throw error
  }
}

/** Error codes of systems that cannot flush a folder (Windows, some network file systems). */
const CANNOT_FLUSH = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF', 'ENOSYS'])

/** Makes a rename survive a power failure, where the system can flush a folder. */
function syncFolder(folder: string): void {
  try {
    const fd = fs.openSync(folder, 'r')
    try {
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    if (!CANNOT_FLUSH.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
