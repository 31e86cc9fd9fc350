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

/** Returns a counter that may be called at any rate and reports progress at most every 500 ms. */
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

/** Formats progress: `120 of 500 puzzles generated (24 %)`. */
export function dataProgressText({ done, of, unit, work }: DataProgress): string {
  return of === null
    ? `${done} ${unit} ${work}`
    : `${done} of ${of} ${unit} ${work} (${Math.floor((100 * done) / of)} %)`
}
