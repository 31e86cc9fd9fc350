import { allocate, type NpyData, type NpyDtype, type NpyFile, npyHeader, scanNpy } from '../../interop/formats/npy.js'
import { faults } from './json.js'

/** Storage format of an array, kept so that an export reproduces the file byte for byte. */
export interface StoredArray {
  readonly dtype: NpyDtype
  /** Header of the file in latin-1, when current NumPy would write a different one. */
  readonly head?: string | undefined
}

/** An array read from a file. */
export interface ReadArray<T> {
  readonly values: T
  readonly stored: StoredArray
  readonly sha256: string
}

/**
 * Reads tokens `[examples, seqLen]` of any integer type as bytes.
 *
 * @throws UserError for another shape, and for the first value that is not a token, with its position.
 */
export function readTokens(file: string, seqLen: number, vocabSize: number): ReadArray<Uint8Array> {
  const fail = faults(file)
  return read(file, (shape) => {
    if (shape.length !== 2 || shape[1] !== seqLen) throw fail(`the shape (examples, ${seqLen})`, shapeText(shape))
    const values = allocate(file, () => new Uint8Array(shape[0]! * seqLen))
    return {
      values,
      limit: vocabSize,
      what: `a token 0…${vocabSize - 1}`,
      place: (i) => `[${Math.floor(i / seqLen)}, ${i % seqLen}]`,
    }
  })
}

/**
 * Reads a list of integers below `limit`.
 *
 * @throws UserError for another shape, and for the first value out of range, with its position.
 */
export function readList(file: string, limit: number, what: string): ReadArray<Int32Array> {
  const fail = faults(file)
  return read(file, (shape) => {
    if (shape.length !== 1) throw fail('a list, of one dimension', `the shape ${shapeText(shape)}`)
    const values = allocate(file, () => new Int32Array(shape[0]!))
    return { values, limit, what, place: (i) => `[${i}]` }
  })
}

/**
 * Reads the starts of runs: from 0, increasing, up to the number of elements; no run is empty.
 *
 * @param of name of the elements, e.g. `examples`
 * @param count number of elements
 */
export function readStarts(file: string, of: string, count: number): ReadArray<Int32Array> {
  const fail = faults(file)
  const array = readList(file, count + 1, `a number 0…${count}, for ${count} ${of}`)
  const { values } = array
  if (values.length === 0) throw fail('at least one number, 0', 'an empty list')
  if (values[0] !== 0) throw fail('0', String(values[0]), '[0]')
  for (let i = 1; i < values.length; i++)
    if (values[i]! <= values[i - 1]!)
      throw fail(`more than ${values[i - 1]}, the number before it`, `${values[i]}`, `[${i}]`)
  if (values.at(-1) !== count) throw fail(`${count}, the number of ${of}`, `${values.at(-1)}`, `[${values.length - 1}]`)
  return array
}

interface Target<T> {
  readonly values: T
  readonly limit: number
  readonly what: string
  readonly place: (index: number) => string
}

function read<T extends Uint8Array | Int32Array>(
  file: string,
  begin: (shape: readonly number[]) => Target<T>,
): ReadArray<T> {
  let target: Target<T> | undefined
  const npy = scanNpy(file, ({ shape }) => {
    const into = begin(shape)
    target = into
    return (values, first) => {
      const wrong = narrow(values, into.values, first, into.limit)
      if (wrong >= 0) throw faults(file)(into.what, String(values[wrong]), into.place(first + wrong))
    }
  })
  return { values: target!.values, stored: storedAs(npy), sha256: npy.sha256 }
}

/** Copies integers 0…limit-1; returns the index of the first value out of range, or -1. */
function narrow(values: NpyData, into: Uint8Array | Int32Array, at: number, limit: number): number {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    // Numbers below 2³¹ have zeros in their upper half; a BigInt for each would take ten times as long.
    const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
    for (let i = 0; i < values.length; i++) {
      const value = halves[2 * i]!
      if (halves[2 * i + 1] !== 0 || value < 0 || value >= limit) return i
      into[at + i] = value
    }
    return -1
  }
  if (values instanceof Uint8Array && into instanceof Uint8Array) {
    into.set(values, at)
    return firstFrom(values, limit)
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!(value >= 0 && value < limit && Number.isInteger(value))) return i
    into[at + i] = value
  }
  return -1
}

/** Returns the index of the first byte of `limit` or more, or -1; a separate function, because it scans gigabytes. */
function firstFrom(bytes: Uint8Array, limit: number): number {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= limit) return i
  return -1
}

function storedAs({ dtype, shape, head }: NpyFile): StoredArray {
  const usual = Buffer.compare(npyHeader({ dtype, shape }), head) === 0
  return usual ? { dtype } : { dtype, head: Buffer.from(head).toString('latin1') }
}

function shapeText(shape: readonly number[]): string {
  return `(${shape.join(', ')})`
}
