import { isJudged } from './metric-names.js'

/** A share of an evaluation as whole numbers: `count` of `of` puzzles, cells or tasks. */
export interface Counted {
  /** Number that are correct, or meet the metric. A task of several inputs counts in parts. */
  readonly count: number
  /** The denominator. */
  readonly of: number
  readonly unit: 'puzzles' | 'cells' | 'tasks'
}

/**
 * Returns the count and the denominator behind a share of an evaluation: puzzles with known answers for `test.exact` and
 * `test.haltAccuracy`, all puzzles for `test.halted` and the criteria of a judge, cells for `test.cells`, tasks for
 * `test.pass@k`.
 *
 * @param row an evaluation's row of numbers
 * @returns null for a metric that is no share, and where value or denominator is unknown
 */
export function countedIn(row: Readonly<Record<string, unknown>>, metric: string): Counted | null {
  if (metric === 'test.cells') {
    const [count, of] = [numberIn(row, 'rightCells'), numberIn(row, 'scoredCells')]
    return count === null || of === null || of === 0 ? null : { count, of, unit: 'cells' }
  }
  const denominator = denominatorOf(metric)
  if (denominator === null) return null
  const [value, of] = [numberIn(row, metric), numberIn(row, denominator.column)]
  if (value === null || of === null || of < 1) return null
  // A count of whole puzzles; only the mean over a task's inputs has parts.
  const count = denominator.unit === 'puzzles' ? Math.round(value * of) : value * of
  return { count, of, unit: denominator.unit }
}

function denominatorOf(metric: string): { readonly column: string; readonly unit: 'puzzles' | 'tasks' } | null {
  if (metric === 'test.exact' || metric === 'test.haltAccuracy') return { column: 'scored', unit: 'puzzles' }
  if (metric === 'test.halted' || isJudged(metric)) return { column: 'puzzles', unit: 'puzzles' }
  return /^test\.pass@\d+$/.test(metric) ? { column: 'scoredTasks', unit: 'tasks' } : null
}

function numberIn(row: Readonly<Record<string, unknown>>, column: string): number | null {
  const value = Object.hasOwn(row, column) ? row[column] : null
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
