import { setImmediate as nextTurn } from 'node:timers/promises'

/** Progress of building a data set. */
export interface DataProgress {
  readonly done: number
  /** Total; null when unknown. */
  readonly of: number | null
  /** Unit of the count, in the plural: `puzzles`. */
  readonly unit: string
  /** Past participle of the work on each unit: `generated`. */
  readonly work: string
}

/** Options of building a data set that do not affect its content. */
export interface MakeOptions {
  /** Called every 500 ms, first after one second. */
  readonly progress?: ((progress: DataProgress) => void) | undefined
}

/** Milliseconds before the first report, and between reports. */
const [FIRST, NEXT] = [1000, 500]

/** Milliseconds of work after which the event loop gets a turn, in which a signal is heard. */
const TURN = 100

/**
 * Returns a counter that may be called at any rate: it reports progress at most every 500 ms. Where it returns a promise, a turn of
 * the event loop is due, and the work waits for it.
 */
export function createCount(
  { progress }: MakeOptions,
  unit: string,
  work: string,
  of: number | null,
): (done: number) => Promise<void> | null {
  const began = performance.now()
  let next = began + FIRST
  let turn = began + TURN
  return (done) => {
    const now = performance.now()
    if (progress && now >= next) {
      next = now + NEXT
      progress({ done, of, unit, work })
    }
    if (now < turn) return null
    turn = now + TURN
    return nextTurn()
  }
}

/** Formats progress: `120 of 500 puzzles generated (24 %)`. */
export function dataProgressText({ done, of, unit, work }: DataProgress): string {
  return of === null
    ? `${done} ${unit} ${work}`
    : `${done} of ${of} ${unit} ${work} (${Math.floor((100 * done) / of)} %)`
}
