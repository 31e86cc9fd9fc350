import { UserError } from '../errors.js'
import type { OnBytes } from './stream-hash.js'

/** Result of checking stored files against the checksums that they, and their records, carry. */
export interface Checked {
  /** Files that were checked, damaged ones included. */
  readonly files: number
  /** What is wrong, a message for each damaged file; empty when nothing is. */
  readonly problems: readonly string[]
  /** What could not be checked, and why; empty when everything was. */
  readonly notes: readonly string[]
}

/** Options of a check. */
export interface CheckOptions {
  /** Called with the number of bytes read since the last call. It may throw, which ends the check. */
  readonly onBytes?: OnBytes | undefined
}

/** A check in progress: damage to one file does not end the check of the others. */
export class Checks {
  #files = 0
  readonly #problems: string[] = []
  readonly #notes: string[] = []

  /** Checks one file. @param check throws a UserError when it is damaged @returns its result; null when it is damaged */
  async file<T>(check: () => T): Promise<T | null> {
    this.#files++
    // Lets the event loop show progress and receive a stop.
    await new Promise((resolve) => setImmediate(resolve))
    try {
      return check()
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#problems.push(error.message)
      return null
    }
  }

  /** Adds the result of another check. */
  add({ files, problems, notes }: Checked): void {
    this.#files += files
    this.#problems.push(...problems)
    this.#notes.push(...notes)
  }

  /** Notes what cannot be checked. */
  note(text: string): void {
    this.#notes.push(text)
  }

  get result(): Checked {
    return { files: this.#files, problems: this.#problems, notes: this.#notes }
  }
}
