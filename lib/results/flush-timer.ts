/** Longest time in milliseconds that a logged row is only in memory. */
const LONGEST_WAIT = 10_000

/** Decides when logged rows have to be written, from calls at the end of each step. */
export class FlushTimer {
  readonly #now: () => number
  /** Time of the first row that is not written; null when all are. */
  #waitingSince: number | null = null
  #lastCall: number | null = null

  /** @param now a clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Notes that a row was logged. */
  logged(): void {
    this.#waitingSince ??= this.#now()
  }

  /** Notes that all rows were written. */
  flushed(): void {
    this.#waitingSince = null
  }

  /** Returns whether a row would wait longer than ten seconds if it were not written before the next call. */
  isDue(): boolean {
    const now = this.#now()
    const untilNext = this.#lastCall === null ? LONGEST_WAIT : now - this.#lastCall
    this.#lastCall = now
    return this.#waitingSince !== null && now + untilNext - this.#waitingSince >= LONGEST_WAIT
  }
}
