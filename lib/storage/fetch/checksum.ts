import { createHash } from 'node:crypto'
import { UserError } from '../../errors.js'
import { unreadable } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import { openRegular } from '../../files/regular.js'

/** A file's checksum: SHA-256 of its bytes, or its git blob name (SHA-1 over length and bytes). */
export interface Checksum {
  readonly kind: 'sha256' | 'git'
  readonly hex: string
}

/** A checksum in progress. */
export interface Summing {
  update(bytes: Uint8Array): void
  hex(): string
}

/** Starts the checksum of a file of `size` bytes. */
export function beginSum(kind: Checksum['kind'], size: number): Summing {
  const hash = createHash(kind === 'git' ? 'sha1' : 'sha256')
  if (kind === 'git') hash.update(`blob ${size}\0`)
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
}

/** Formats a checksum: `SHA-256 0123…`. */
export function sumText({ kind, hex }: Checksum): string {
  return `${kind === 'git' ? 'git blob' : 'SHA-256'} ${hex}`
}

const CHUNK = 2 ** 20

/** Adds the first `length` bytes of a file, a megabyte at a time. @throws UserError when they cannot be read. */
export function addFile(sum: Summing, file: string, length: number): void {
  const buffer = new Uint8Array(Math.min(CHUNK, length))
  try {
    const fd = openRegular(file)
    try {
      for (let at = 0; at < length; ) {
        const got = fs.readSync(fd, buffer, 0, Math.min(buffer.length, length - at), at)
        if (got === 0) throw new Error('file that shrank while it was read')
        sum.update(buffer.subarray(0, got))
        at += got
      }
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(file, error)
  }
}
