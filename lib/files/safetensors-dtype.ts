/** The elements of one tensor as stored. Half precision stays raw: {@link toFloat32} widens it. */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array

/** Supported element types; F16 and BF16 are raw 16-bit values, BOOL is 0 and 1. */
export type Dtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'U64'
  | 'I32'
  | 'U32'
  | 'I16'
  | 'U16'
  | 'I8'
  | 'U8'
  | 'BOOL'

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, offset: number, length: number): TensorData
}

/** Array type of each element type, in the order of the file layout: widest first, so that every tensor is aligned. */
export const ARRAY_TYPES: ReadonlyMap<string, ArrayType> = new Map<Dtype, ArrayType>([
  ['F64', Float64Array],
  ['I64', BigInt64Array],
  ['U64', BigUint64Array],
  ['F32', Float32Array],
  ['I32', Int32Array],
  ['U32', Uint32Array],
  ['F16', Uint16Array],
  ['BF16', Uint16Array],
  ['I16', Int16Array],
  ['U16', Uint16Array],
  ['I8', Int8Array],
  ['U8', Uint8Array],
  ['BOOL', Uint8Array],
])

/** Returns whether a value names a supported element type. */
export function isDtype(text: unknown): text is Dtype {
  return typeof text === 'string' && ARRAY_TYPES.has(text)
}

/** Returns the default element type of an array: its own, never half precision or BOOL. */
export function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float32Array) return 'F32'
  if (data instanceof Float64Array) return 'F64'
  if (data instanceof BigInt64Array) return 'I64'
  if (data instanceof BigUint64Array) return 'U64'
  if (data instanceof Int32Array) return 'I32'
  if (data instanceof Uint32Array) return 'U32'
  if (data instanceof Int16Array) return 'I16'
  if (data instanceof Uint16Array) return 'U16'
  return data instanceof Int8Array ? 'I8' : 'U8'
}

/**
 * Returns the elements of a tensor as float32: half precision widened exactly, float64 rounded, 64-bit integers
 * converted.
 */
export function toFloat32({ dtype, data }: { readonly dtype: Dtype; readonly data: TensorData }): Float32Array {
  if (data instanceof Float32Array) return data
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const out = new Float32Array(data.length)
    for (let i = 0; i < out.length; i++) out[i] = Number(data[i])
    return out
  }
  if (dtype === 'BF16') {
    // bfloat16 is the upper half of a float32.
    const bits = new Uint32Array(data.length)
    for (let i = 0; i < bits.length; i++) bits[i] = data[i]! << 16
    return new Float32Array(bits.buffer)
  }
  return dtype === 'F16' ? Float32Array.from(data, halfToNumber) : Float32Array.from(data)
}

/** Decodes an IEEE 754 binary16 value: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}
