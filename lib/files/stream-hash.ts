import { createHash } from 'node:crypto'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'
import { openRegular } from './regular.js'
import { unreadable } from './system-errors.js'

/** Bytes in memory at a time. */
const CHUNK = 2 ** 22

/** Returns the SHA-256 of a file in hexadecimal, with a few megabytes in memory. @throws UserError when it cannot be read. */
export function fileHash(file: string): string {
  const fd = openRegular(file)
  try {
    const hash = createHash('sha256')
    const buffer = new Uint8Array(Math.min(CHUNK, fs.fstatSync(fd).size))
    for (let at = 0; ; ) {
      const got = fs.readSync(fd, buffer, 0, buffer.length, at)
      if (got === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, got))
      at += got
    }
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(file, error)
  } finally {
    fs.closeSync(fd)
  }
}
