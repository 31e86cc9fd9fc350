import { allocate, type NpyData, type NpyHeader, npyHeader, scanNpy } from '../../lib/interop/formats/npy.js'
import { NPY_ARRAYS } from '../../lib/interop/formats/npy-header.js'

/** An array in memory. */
export interface NpyArray extends NpyHeader {
  /** Its numbers, the last dimension fastest. */
  readonly data: NpyData
}

/** Reads a whole .npy file. @throws UserError as {@link scanNpy}, and for an array too large for memory. */
export function readNpy(file: string): NpyArray {
  let data: NpyData = new Uint8Array()
  const { dtype, shape } = scanNpy(file, (header) => {
    const size = header.shape.reduce((product, n) => product * n, 1)
    data = allocate(file, () => new NPY_ARRAYS[header.dtype](size))
    return (values, first) => setNumbers(data, values, first)
  })
  return { dtype, shape, data }
}

/**
 * An array as a .npy file (format 1.0) with exactly the bytes that NumPy writes: the head, then the numbers' own memory,
 * uncopied.
 */
export function npyPieces({ dtype, shape, data }: NpyArray): Uint8Array[] {
  const size = shape.reduce((product, n) => product * n, 1)
  if (!(data instanceof NPY_ARRAYS[dtype])) throw new TypeError(`${dtype} from another kind of array`)
  if (size !== data.length) throw new RangeError(`(${shape.join(', ')}) needs ${size} numbers, not ${data.length}`)
  return [npyHeader({ dtype, shape }), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
}

function setNumbers(into: NpyData, values: NpyData, first: number): void {
  const width = into.BYTES_PER_ELEMENT
  new Uint8Array(into.buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), first * width)
}
