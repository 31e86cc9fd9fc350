import { UserError } from '../../errors.js'
import { systemReason } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import { NPY_ARRAYS, type NpyHeader, npyHeader } from './npy-header.js'

/** A .npy file that is written piece by piece. */
export interface NpyWriter {
  /** Appends whole numbers of 0 or more, as the file's element type. */
  write(numbers: Uint8Array | Int32Array): void
  /** Flushes the file. Its place is the caller's to rename. */
  end(): void
  /** Gives up: the file is closed as it is. */
  abandon(): void
}

/** Numbers that are converted at once. */
const CHUNK = 2 ** 18

/**
 * Begins a .npy file whose numbers need not be in memory together.
 *
 * @param head its bytes before the numbers; default those that NumPy writes
 * @throws UserError when the place cannot be written to; `end` throws an Error when the shape was not filled.
 */
export function createNpy(file: string, header: NpyHeader, head: Uint8Array = npyHeader(header)): NpyWriter {
  const Type = NPY_ARRAYS[header.dtype]
  const wanted = header.shape.reduce((product, size) => product * size, 1)
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw new UserError(
        { where: file, expected: 'a place that can be written', found: systemReason(error), todo: 'Make room there.' },
        { cause: error },
      )
    }
  }
  const fd = attempt(() => fs.openSync(file, 'wx'))
  let written = 0
  const writeBytes = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length; )
      done += attempt(() => fs.writeSync(fd, bytes, done, bytes.length - done, null))
  }
  const close = (): void => attempt(() => fs.closeSync(fd))
  const abandon = (): void => {
    try {
      fs.closeSync(fd)
    } catch {
      // The first failure is the one to report.
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
          // The upper halves stay 0, for numbers below 2³².
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
