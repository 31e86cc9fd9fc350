import type { Random } from '../random.js'

/** A puzzle's scores at several places, e.g. depths, or those of a group of answers that belong together. */
export interface UnitScores {
  /** Number of answers: the weight in the mean. */
  readonly weight: number
  /** `[places]` the sum of the answers' scores, from 0 to `weight`. */
  readonly sums: ArrayLike<number>
}

/** Sums over resampled puzzles. */
export interface Totals {
  readonly weight: number
  /** `[places]` */
  readonly sums: Float64Array
}

/**
 * Draws as many puzzles with replacement and adds up their scores. Equal puzzles are added up by their number, so that 20,000
 * of which each is right or wrong cost no more than their draws.
 */
export class UnitResampler {
  readonly #places: number
  /** `[kinds]` */
  readonly #weights: Float64Array
  /** `[kinds · places]` */
  readonly #sums: Float64Array
  /** `[units]` the kind of each puzzle. */
  readonly #kindOf: Int32Array

  constructor(units: readonly UnitScores[], places: number) {
    const kinds = new Map<string, number>()
    const weights: number[] = []
    const sums: number[] = []
    this.#places = places
    this.#kindOf = Int32Array.from(units, (unit) => {
      const scores = Array.from(unit.sums)
      const key = `${unit.weight} ${scores.join(' ')}`
      const known = kinds.get(key)
      if (known !== undefined) return known
      kinds.set(key, weights.length)
      weights.push(unit.weight)
      for (const score of scores) sums.push(score)
      return weights.length - 1
    })
    this.#weights = Float64Array.from(weights)
    this.#sums = Float64Array.from(sums)
  }

  /** Returns the sums over puzzles drawn with replacement. */
  drawn(random: Random): Totals {
    const counts = new Int32Array(this.#weights.length)
    const { length } = this.#kindOf
    for (let i = 0; i < length; i++) counts[this.#kindOf[random.int(length)]!]!++
    return this.#added(counts)
  }

  /** Returns the sums over all puzzles. */
  all(): Totals {
    const counts = new Int32Array(this.#weights.length)
    for (const kind of this.#kindOf) counts[kind]!++
    return this.#added(counts)
  }

  #added(counts: Int32Array): Totals {
    const places = this.#places
    const sums = new Float64Array(places)
    let weight = 0
    for (let kind = 0; kind < counts.length; kind++) {
      const count = counts[kind]!
      if (count === 0) continue
      weight += count * this.#weights[kind]!
      for (let place = 0; place < places; place++) sums[place]! += count * this.#sums[kind * places + place]!
    }
    return { weight, sums }
  }
}
