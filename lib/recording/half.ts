const FLOAT = new Float32Array(1)
const BITS = new Uint32Array(FLOAT.buffer)

/**
 * Returns the bits of the half-precision number nearest to a value, ties to even; beyond 65,504 it is infinite. Below 6e-5
 * the distance of neighbours stays 6e-8.
 */
export function halfBits(value: number): number {
  FLOAT[0] = value
  const bits = BITS[0]!
  const sign = (bits >>> 16) & 0x8000
  const size = bits & 0x7fffffff
  if (size >= 0x7f800000) return sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00)
  if (size >= 0x477ff000) return sign | 0x7c00
  if (size < 0x38800000) return sign | roundedToEven(Math.abs(FLOAT[0]!) * 2 ** 24)
  const kept = (size - 0x38000000) >>> 13
  const rest = size & 0x1fff
  return sign | (kept + (rest > 0x1000 || (rest === 0x1000 && kept & 1) ? 1 : 0))
}

function roundedToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor & 1) ? floor + 1 : floor
}
