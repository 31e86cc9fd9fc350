import { isSpent } from '../lib/evaluate/metric-names.js'

/** Returns rows of metrics or evaluations without times and energies, in which equal runs differ. */
export function timeless<R extends object>(rows: readonly R[]): Partial<R>[] {
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !isSpent(name))) as Partial<R>)
}
