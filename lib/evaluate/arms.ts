/** A row of an evaluation, as far as it says whose it is. */
interface ArmRow {
  readonly step?: unknown
  /** The evaluated weights; absent without the key `evalWeights`. */
  readonly weights?: unknown
}

/**
 * Returns the evaluations that results are taken from: those of the EMA, without those of the live weights beside it. Rows of
 * only one set of weights are returned as they are.
 */
export function primaryRows<R extends object>(rows: readonly R[]): R[] {
  const withEma = new Set(rows.filter((row: ArmRow) => row.weights === 'ema').map((row: ArmRow) => row.step))
  return rows.filter((row: ArmRow) => row.weights !== 'live' || !withEma.has(row.step))
}

/** Returns the evaluations of the live weights beside the EMA; empty where only one set of weights is evaluated. */
export function liveRowsBeside<R extends object>(rows: readonly R[]): R[] {
  const primary = new Set<R>(primaryRows(rows))
  return rows.filter((row) => !primary.has(row))
}
