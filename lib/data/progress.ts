/** How far the making of a data set is. */
export interface DataProgress {
  readonly done: number
  /** null where nobody knows. */
  readonly of: number | null
  /** The unit of the count, in the plural: `puzzles`. */
  readonly unit: string
  /** The work on each unit, as a participle: `generated`. */
  readonly work: string
}

/** How a data set is made, beside what it is made of. */
export interface MakeOptions {
  /** Told twice a second, from a second on. */
  readonly progress?: ((progress: DataProgress) => void) | undefined
}

/** Milliseconds before the first word, and between two. */
const [FIRST, NEXT] = [1000, 500]

/** A count that may be told as often as one likes: somebody hears it now and then. */
export function createCount(
  { progress }: MakeOptions,
  unit: string,
  work: string,
  of: number | null,
): (done: number) => void {
  if (!progress) return () => {}
  let next = performance.now() + FIRST
  return (done) => {
    if (performance.now() < next) return
    next = performance.now() + NEXT
    progress({ done, of, unit, work })
  }
}

/** Progress in words: `120 of 500 puzzles generated (24 %)`. */
export function dataProgressText({ done, of, unit, work }: DataProgress): string {
  return of === null
    ? `${done} ${unit} ${work}`
    : `${done} of ${of} ${unit} ${work} (${Math.floor((100 * done) / of)} %)`
}
