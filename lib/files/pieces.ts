import { createHash } from 'node:crypto'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'
import { openRegular } from './regular.js'
import { unreadable } from './system-errors.js'

/** Bytes of a piece. */
const PIECE = 2 ** 20

/** A regular file that is read at any place, without holding more than the piece that is asked for. */
export class OpenFile {
  readonly file: string
  readonly size: number
  readonly #fd: number
  readonly #onBytes: (bytes: number) => void

  /**
   * @param onBytes called with the number of bytes of every read
   * @throws UserError when it cannot be opened, or is not a regular file.
   */
  constructor(file: string, onBytes: (bytes: number) => void = () => {}) {
    this.file = file
    this.#onBytes = onBytes
    this.#fd = openRegular(file)
    this.size = fs.fstatSync(this.#fd).size
  }

  /** Returns the bytes from a place on; fewer than asked for at the end of the file. @throws UserError */
  read(from: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - from)))
    return bytes.subarray(0, this.#fill(bytes, from))
  }

  /**
   * Yields the bytes between two places, a megabyte at a time; each piece is overwritten by the next.
   *
   * @param to default: the end of the file
   * @throws UserError when they cannot be read, or the file has become shorter.
   */
  *pieces(from = 0, to: number = this.size): Generator<Buffer, void> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, Math.max(0, to - from)))
    for (let at = from; at < to; ) {
      const piece = buffer.subarray(0, Math.min(PIECE, to - at))
      const got = this.#fill(piece, at)
      if (got < piece.length)
        throw new UserError({
          where: this.file,
          expected: `${to} bytes`,
          found: `${at + got}`,
          todo: 'The file is truncated: copy it again.',
        })
      at += got
      yield piece
    }
  }

  /** Returns the SHA-256 of the bytes before a place. @param to default: the end of the file */
  sha256(to?: number): string {
    const hash = createHash('sha256')
    for (const piece of this.pieces(0, to)) hash.update(piece)
    return hash.digest('hex')
  }

  close(): void {
    fs.closeSync(this.#fd)
  }

  #fill(bytes: Buffer, from: number): number {
    try {
      let done = 0
      while (done < bytes.length) {
        const got = fs.readSync(this.#fd, bytes, done, bytes.length - done, from + done)
        if (got === 0) break
        done += got
      }
      this.#onBytes(done)
      return done
    } catch (error) {
      throw unreadable(this.file, error)
    }
  }
}

/** Opens a file, calls `work`, and closes it. @throws UserError when it cannot be opened, and what `work` throws. */
export function withOpenFile<T>(
  file: string,
  onBytes: ((bytes: number) => void) | undefined,
  work: (open: OpenFile) => T,
): T {
  const open = new OpenFile(file, onBytes)
  try {
    return work(open)
  } finally {
    open.close()
  }
}
