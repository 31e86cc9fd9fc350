import { Random, type RandomKey } from '../random.js'
import { type Quantiles, STRATA } from './normal.js'

/** Two 32-bit integers that identify a stream of random numbers. */
export type StreamKey = readonly [number, number]

/** Returns the key of a rollout's random numbers. It depends on nothing else that is computed. */
export function streamOf(...key: RandomKey): StreamKey {
  const [a, b] = Random.of(...key).state()
  return [a! | 0, b! | 0]
}

/** Returns the key of a part of a stream, e.g. of a supervision step. */
export function subStream([a, b]: StreamKey, ...parts: readonly number[]): StreamKey {
  for (const part of parts) {
    const mixed = mix(a ^ Math.imul(part + 1, GOLDEN))
    ;[a, b] = [mix(mixed + b), mix(b ^ Math.imul(mixed, ODD))]
  }
  return [a, b]
}

/**
 * Writes `scale` times draws 0 to `count` − 1 of a distribution to `out`, from `offset` on. Draw i is a function of (key, i)
 * alone, computed with integers, a table, and products and sums that are exact before they are rounded to float32, so that
 * it is the same on every machine and in the kernel of lib/backend/kernels.
 */
export function drawInto(
  out: Float32Array,
  offset: number,
  count: number,
  [a, b]: StreamKey,
  { edges, tail }: Quantiles,
  scale: number,
): void {
  const factor = Math.fround(scale)
  for (let i = 0; i < count; i++) {
    const word = mix(mix(i ^ a) + b)
    let stratum = (word >>> 1) & (STRATA - 1)
    let table = edges
    let rest = word >>> STRATUM_BITS
    if (tail !== null && stratum === STRATA - 1) {
      const next = mix(mix(i ^ b) ^ a)
      stratum = (next >>> 1) & (STRATA - 1)
      table = tail
      rest = next >>> STRATUM_BITS
    }
    const low = table[stratum]!
    const size = low + Math.fround(table[stratum + 1]! - low) * ((rest + 0.5) / REST)
    out[offset + i] = (word & 1 ? -factor : factor) * size
  }
}

/** Bits of a random word that choose the sign and the stratum; the others choose the point in the stratum. */
const STRATUM_BITS = 12
const REST = 2 ** (32 - STRATUM_BITS)

const GOLDEN = 0x9e3779b1 | 0
const ODD = 0x85ebca6b | 0

/** Mixes the bits of a 32-bit integer (the finaliser "lowbias32" of C. Wellons). */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b | 0)
  return h ^ (h >>> 16)
}
