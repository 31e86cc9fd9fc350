import * as tf from '@tensorflow/tfjs-core'
import { hostTensor } from '../../lib/model/weights.js'

/** One line of the parity table. */
export interface ParityRow {
  readonly variant: string
  readonly quantity: string
  /** Largest difference, relative to the largest magnitude of its reference tensor. */
  readonly error: number
  /** Name of the tensor with that difference. */
  readonly worst: string
}

/** Collects the largest error of each quantity. */
export class ParityTable {
  readonly #variant: string
  readonly #worst = new Map<string, ParityRow>()

  /** @param variant the compared variant, first column of its rows */
  constructor(variant: string) {
    this.#variant = variant
  }

  /** Compares numbers, relative to the largest expected magnitude. */
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
 * Returns max |actual - expected| / max |expected|; the plain difference if all expected numbers are 0; infinite if the
 * counts differ or a number is missing.
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
