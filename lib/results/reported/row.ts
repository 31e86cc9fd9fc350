/** A published number. */
export interface ReportedRow {
  /** Distinguishes it from measured rows. */
  readonly kind: 'reported'
  /** Position: `1`…`5` for the paper's tables, else `reproductions`, `scaling`, `variants`, `analyses`, `series`. */
  readonly table: string
  readonly method: string
  /** Data set, e.g. `Sudoku-Extreme`. */
  readonly task: string
  /** Measured quantity with its unit. */
  readonly metric: string
  /** Value in the metric's unit; null when the source gives words instead, which are the note. */
  readonly value: number | null
  /** Number after ±, in the metric's unit; null when not given. */
  readonly uncertainty: number | null
  /** Layers of computation in a supervision step, as printed; null when not given. */
  readonly depth: number | null
  /** Forward passes per optimisation step; null when not given. */
  readonly nfp: number | null
  /** Parameters of the model, as printed, e.g. `5M/19M`; null when not given. */
  readonly parameters: string | null
  /** `parameters` as a number, for the model of this row; null when it names several. */
  readonly parameterCount: number | null
  readonly source: string
  readonly note: string | null
}

/** Jolicoeur-Martineau, "Less is More: Recursive Reasoning with Tiny Networks". */
export const TRM_PAPER = 'arXiv 2510.04871'

/** Metric of most tables of the paper. */
export const ACCURACY = 'test accuracy (%)'

/** Fields that a row sets; all others are null. */
type Given<V extends number | null> = Pick<ReportedRow, 'table' | 'method' | 'task' | 'metric' | 'source'> & {
  readonly value: V
} & Partial<Omit<ReportedRow, 'kind' | 'value'>>

/** Returns a row; `parameterCount` is parsed from `parameters` when that names a single number, e.g. `27M`. */
export function reported<V extends number | null>(given: Given<V>): ReportedRow & { readonly value: V } {
  const { value, uncertainty = null, depth = null, nfp = null, parameters = null, note = null } = given
  const { table, method, task, metric, source, parameterCount = countOf(parameters) } = given
  const model = { depth, nfp, parameters, parameterCount }
  return { kind: 'reported', table, method, task, metric, value, uncertainty, ...model, source, note }
}

const UNITS: Readonly<Record<string, number>> = { M: 1e6, B: 1e9, T: 1e12 }

function countOf(parameters: string | null): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([MBT])$/.exec(parameters ?? '') ?? []
  return number === undefined || unit === undefined ? null : Number(number) * UNITS[unit]!
}
