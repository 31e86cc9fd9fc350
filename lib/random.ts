import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** The key of a random stream: numbers and words that together identify its use, e.g. `[seed, 'init', 'q_head']`. */
export type RandomKey = readonly (number | string)[]

/**
 * A seeded generator (xoroshiro128+). There is no global generator: every function that draws takes a `Random`, and a key
 * gives the same stream on every machine.
 */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>

  private constructor(state: readonly number[]) {
    this.#generator = xoroshiro128plusFromState(state)
  }

  /** Returns the stream of a key; streams of different keys are independent. */
  static of(...key: (number | string)[]): Random {
    return new Random(hashKey(key))
  }

  /** Returns a generator that continues exactly from a {@link Random.state}. */
  static fromState(state: readonly number[]): Random {
    return new Random(state)
  }

  /** Returns the full state: four 32-bit integers. */
  state(): number[] {
    return [...this.#generator.getState()]
  }

  /** Returns a uniform integer in `[0, n)`. */
  int(n: number): number {
    return uniformInt(this.#generator, 0, n - 1)
  }

  /** Returns a uniform number in `[0, 1)` with 53 random bits. */
  float(): number {
    return uniformFloat64(this.#generator)
  }

  /**
   * Returns a standard normal number (Box-Muller; the second of the pair is discarded, so the state stays the generator's).
   */
  normal(): number {
    const u = 1 - this.float()
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.float())
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T extends { [index: number]: unknown; readonly length: number }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const kept = items[i]
      items[i] = items[j]
      items[j] = kept
    }
    return items
  }
}

/** Hashes a key to 128 bits: each part is mixed into four lanes (murmur3's finaliser). */
function hashKey(key: RandomKey): number[] {
  const lanes = [0x9e3779b9 | 0, 0x243f6a88, 0xb7e15162 | 0, 0x6a09e667]
  const absorb = (value: number): void => {
    for (let i = 0; i < 4; i++) lanes[i] = mix(lanes[i]! ^ mix(value ^ lanes[(i + 1) & 3]!)) + (i + 1) * 0x9e3779b1
  }
  for (const part of key) {
    if (typeof part === 'number') {
      const bits = new Int32Array(new Float64Array([part]).buffer)
      absorb(1)
      absorb(bits[0]!)
      absorb(bits[1]!)
    } else {
      absorb(2)
      for (let i = 0; i < part.length; i++) absorb(part.charCodeAt(i))
      absorb(part.length)
    }
  }
  const state = lanes.map((lane) => mix(lane))
  return state.every((word) => word === 0) ? [1, 0, 0, 0] : state
}

function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
