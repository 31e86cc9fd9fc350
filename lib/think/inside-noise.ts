import { Random } from '../random.js'

/** The noise of one rollout: it depends on its seed, puzzle, version and rollout, not on its place in a batch. */
export class NoiseSource {
  readonly #random: Random

  constructor(seed: number, puzzle: number, version: number, rollout: number) {
    this.#random = Random.of(seed, 'rollout', puzzle, version, rollout)
  }

  /** Fills a row's latent with a draw from a normal distribution truncated at two standard deviations. */
  start(row: Float32Array, std: number): void {
    for (let i = 0; i < row.length; i++) {
      let drawn = this.#random.normal()
      while (Math.abs(drawn) > 2) drawn = this.#random.normal()
      row[i] = std * drawn
    }
  }

  /** Fills a row with Gaussian noise. */
  step(row: Float32Array, std: number): void {
    for (let i = 0; i < row.length; i++) row[i] = std * this.#random.normal()
  }
}
