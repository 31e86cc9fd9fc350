import * as tf from '@tensorflow/tfjs-core'
import { hostTensor } from '../../lib/model/weights.js'

/** One line of the parity table. */
export interface ParityRow {
  readonly variant: string
  readonly quantity: string
  /** Largest difference, relative to the largest magnitude of the reference tensor it is in. */
  readonly error: number
  /** Where that was. */
  readonly worst: string
}

/** Gathers the largest error of each quantity. */
export class ParityTable {
  readonly #variant: string
  readonly #worst = new Map<string, ParityRow>()

  /** @param variant what is compared, the first column of its rows */
  constructor(variant: string) {
    this.#variant = variant
  }

  /** Compares numbers, relative to the largest magnitude expected among them. */
  compare(
    quantity: string,
    name: string,
    actual: tf.Tensor | ArrayLike<number>,
    expected: tf.Tensor | ArrayLike<number>,
  ): void {
    const error = relativeError(numbersOf(actual), numbersOf(expected))
    const previous = this.#worst.get(quantity)
    if (!previous || !(error <= previous.error))
      this.#worst.set(quantity, { variant: this.#variant, quantity, error, worst: name })
  }

  rows(): ParityRow[] {
    return [...this.#worst.values()]
  }
}

function numbersOf(values: tf.Tensor | ArrayLike<number>): ArrayLike<number> {
  return values instanceof tf.Tensor ? hostTensor(values).data : values
}

/**
 * max |actual - expected| / max |expected|; the plain difference where all expected are 0; infinite when the counts
 * differ or a number is missing.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let magnitude = 0
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!)
    if (Number.isNaN(d)) return Number.POSITIVE_INFINITY
    if (d > difference) difference = d
    if (Math.abs(expected[i]!) > magnitude) magnitude = Math.abs(expected[i]!)
  }
  return magnitude > 0 ? difference / magnitude : difference
}
