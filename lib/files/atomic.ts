import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../errors.js'

/**
 * Writes a file so that a reader, or a crash, sees the old content or the new, never a part:
 * a temporary file in the same folder, flushed, then renamed over the old one.
 *
 * @throws UserError when the folder cannot be written to.
 */
export function writeFileAtomic(file: string, content: Uint8Array | string): void {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  const folder = path.dirname(file)
  const temporary = path.join(folder, `.${path.basename(file)}.${process.pid}.tmp`)
  try {
    mkdirSync(folder, { recursive: true })
    const fd = openSync(temporary, 'w')
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, file)
    syncFolder(folder)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw new UserError(
      {
        where: file,
        expected: 'a place that can be written',
        found: systemReason(error),
        todo: 'Check permissions and free space, or choose another folder with out=DIR.',
      },
      { cause: error },
    )
  }
}

/** Makes a folder (and its parents). @throws UserError when it cannot be made. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new UserError(
      {
        where: folder,
        expected: 'a folder that can be made',
        found: systemReason(error),
        todo: 'Check permissions, or choose another folder with out=DIR.',
      },
      { cause: error },
    )
  }
}

/** Reads a whole file. @throws UserError when it cannot be read. */
export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UserError({ where: file, expected: 'a readable file', found: systemReason(error) }, { cause: error })
  }
}

/** The SHA-256 of some bytes, in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What the system says, in words: `no such file or directory (ENOENT)`. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as NodeJS.ErrnoException).code
  const text = error.message.replace(/^[A-Z0-9]+: /, '').split(', ')[0] ?? error.message
  return code ? `${text} (${code})` : text
}

/** Makes a rename survive a power cut; not every file system can, and then there is nothing more to do. */
function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // Windows and some network file systems refuse to open a folder.
  }
}
