import type { Random } from '../../lib/random.js'

/** Returns one element of a list. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.int(from.length)]!
}

/** Returns bytes changed in one to four places: bits, bytes, lengths, cuts, repeats and swaps. */
export function mutated(bytes: Uint8Array, random: Random): Buffer {
  let now: Buffer = Buffer.from(bytes)
  for (let times = 1 + random.int(4); times > 0 && now.length > 0; times--) now = pick(random, CHANGES)(now, random)
  return now
}

type Change = (bytes: Buffer, random: Random) => Buffer

/** Numbers at the edges of types and of limits. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
]

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    const at = random.int(bytes.length)
    bytes[at]! ^= 1 << random.int(8)
    return bytes
  },
  (bytes, random) => {
    bytes[random.int(bytes.length)] = random.int(256)
    return bytes
  },
  (bytes, random) => {
    const edge = Buffer.alloc(8)
    edge.writeBigUInt64LE(pick(random, EDGES))
    edge.copy(bytes, random.int(bytes.length), 0, pick(random, [1, 2, 4, 8]))
    return bytes
  },
  (bytes, random) => bytes.subarray(0, random.int(bytes.length)),
  (bytes, random) => {
    const [from, length, to] = [random.int(bytes.length), 1 + random.int(64), random.int(bytes.length)]
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + length), bytes.subarray(to)])
  },
  (bytes, random) => {
    const [from, length] = [random.int(bytes.length), 1 + random.int(16)]
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)])
  },
]
