import { Random, type RandomKey } from '../random.js'

/**
 * A family of random streams, one for every pair of integers. Where thousands of streams a second are needed this is
 * cheaper than a whole key for each: the family's key is hashed once, the pair is mixed into it.
 *
 * @param key what the family is for, e.g. `[seed, 'version']`
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

/** Spreads 32 bits over 32 bits (murmur3's finaliser). */
export function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
