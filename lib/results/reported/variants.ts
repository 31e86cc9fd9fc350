import { ACCURACY, type ReportedRow, reported } from './row.js'

function variant(method: string, source: string, values: readonly [string, string, number][]): ReportedRow[] {
  return values.map(([task, metric, value]) => reported({ table: 'variants', method, task, metric, value, source }))
}

/** Later variants, for context. */
export const variants: readonly ReportedRow[] = [
  ...variant('FPRM', 'arXiv 2606.18206', [
    ['Sudoku-Extreme', ACCURACY, 94.2],
    ['Maze-Hard', ACCURACY, 87.0],
    ['ARC-AGI-1', ACCURACY, 47.5],
    ['ARC-AGI-2', ACCURACY, 6.2],
  ]),
  ...variant('URM', 'arXiv 2512.14693', [
    ['ARC-AGI-1', 'pass@1 (%)', 53.8],
    ['ARC-AGI-2', 'pass@1 (%)', 16.0],
    ['Sudoku-Extreme', 'pass@1 (%)', 77.6],
  ]),
]
