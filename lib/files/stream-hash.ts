import { createHash, type Hash } from 'node:crypto'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'
import { openRegular, unreadable } from './regular.js'

/** Bytes in memory at a time. */
const CHUNK = 2 ** 22

/** A part of a file. */
export interface Stretch {
  /** Offset of the first byte. Default: 0. */
  readonly from?: number
  /** Default: all to the end. */
  readonly bytes?: number
}

/** Called with the number of bytes read since the last call. */
export type OnBytes = (bytes: number) => void

/**
 * Adds bytes of a file to a hash, a few megabytes at a time, and returns how many there were: fewer than asked for where the file
 * ends.
 *
 * @throws UserError when the file cannot be read.
 */
export function addStretch(hash: Hash, file: string, { from = 0, bytes }: Stretch = {}, onBytes?: OnBytes): number {
  const fd = openRegular(file)
  try {
    const { size } = fs.fstatSync(fd)
    const end = Math.min(size, bytes === undefined ? size : from + bytes)
    const buffer = new Uint8Array(Math.max(0, Math.min(CHUNK, end - from)))
    let at = from
    while (at < end) {
      const got = fs.readSync(fd, buffer, 0, Math.min(buffer.length, end - at), at)
      if (got === 0) break
      hash.update(buffer.subarray(0, got))
      onBytes?.(got)
      at += got
    }
    return Math.max(0, at - from)
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(file, error)
  } finally {
    fs.closeSync(fd)
  }
}

/** Returns the SHA-256 of a file in hexadecimal, with a few megabytes in memory. @throws UserError when it cannot be read. */
export function fileHash(file: string, onBytes?: OnBytes): string {
  const hash = createHash('sha256')
  addStretch(hash, file, {}, onBytes)
  return hash.digest('hex')
}
