import { fileOperations as fs } from '../../files/operations.js'
import { notWritable } from '../../files/system-errors.js'
import { NPY_ARRAYS, type NpyHeader, npyHeader } from './npy-header.js'

/** A .npy file written piece by piece. */
export interface NpyWriter {
  /** Appends non-negative integers, converted to the file's element type. */
  write(numbers: Uint8Array | Int32Array): void
  /** Flushes and closes the file; renaming it is left to the caller. */
  end(): void
  /** Closes the file in its incomplete state. */
  abandon(): void
}

/** Number of elements converted at a time. */
const CHUNK = 2 ** 18

/**
 * Creates a .npy file whose elements need not be in memory together.
 *
 * @param head bytes before the elements. Default: as NumPy writes them
 * @throws UserError when the path is not writable; `end` throws an Error when the shape is incomplete.
 */
export function createNpy(file: string, header: NpyHeader, head: Uint8Array = npyHeader(header)): NpyWriter {
  const Type = NPY_ARRAYS[header.dtype]
  const wanted = header.shape.reduce((product, size) => product * size, 1)
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw notWritable(file, error)
    }
  }
  const fd = attempt(() => fs.openSync(file, 'wx'))
  let written = 0
  const writeBytes = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length; )
      done += attempt(() => fs.writeSync(fd, bytes, done, bytes.length - done, null))
  }
  let open = true
  // Once: a descriptor that is closed may already be that of another file.
  const close = (): void => {
    if (!open) return
    open = false
    attempt(() => fs.closeSync(fd))
  }
  const abandon = (): void => {
    try {
      close()
    } catch {
      // The failure that led here is the one to report.
    }
  }
  try {
    writeBytes(head)
  } catch (error) {
    abandon()
    throw error
  }
  const converted = new Type(CHUNK)
  return {
    write(numbers) {
      written += numbers.length
      if (numbers instanceof Uint8Array && converted instanceof Uint8Array) return writeBytes(numbers)
      for (let from = 0; from < numbers.length; from += CHUNK) {
        const piece = numbers.subarray(from, from + CHUNK)
        if (converted instanceof BigInt64Array || converted instanceof BigUint64Array) {
          // The upper halves stay 0, because all numbers are below 2³².
          const halves = new Int32Array(converted.buffer)
          for (let i = 0; i < piece.length; i++) halves[2 * i] = piece[i]!
        } else converted.set(piece)
        writeBytes(new Uint8Array(converted.buffer, 0, piece.length * Type.BYTES_PER_ELEMENT))
      }
    },
    end() {
      try {
        if (written !== wanted) throw new Error(`${file}: ${written} numbers written, not ${wanted}`)
        attempt(() => fs.fsyncSync(fd))
      } finally {
        close()
      }
    },
    abandon,
  }
}
