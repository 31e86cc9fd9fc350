import { Random, type RandomKey } from '../random.js'

/**
 * Returns a family of random streams, one for each pair of integers. The family's key is hashed once and the pair mixed
 * into it, which is cheaper than hashing a key for each of thousands of streams a second.
 *
 * @param key purpose of the family, e.g. `[seed, 'version']`
 */
export function streamFamily(...key: RandomKey): (x: number, y: number) => Random {
  const base = Random.of(...key).state()
  return (x, y) => {
    const words = [0, 0, 0, 0]
    let carried = 0
    for (let i = 0; i < 4; i++) {
      carried = mix(mix(base[i]! ^ x ^ carried) + Math.imul(y, 0x9e3779b1))
      words[i] = carried
    }
    if (carried === 0) words[3] = 1
    return Random.fromState(words)
  }
}

/** Mixes the bits of a 32-bit integer (murmur3's finaliser). */
export function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
