import { escapeLabel } from '../escape/plotly.js'
import type { ReportedRow } from '../results/reported/row.js'
import { table1 } from '../results/reported/table-1.js'
import { type ReportedFilter, reportedWhere } from '../results/reported.js'
import type { Figure, Trace } from './figure.js'
import { reportedSymbol } from './reported-marks.js'
import { type CaptionedFigure, withSources } from './sources.js'
import { reportedColor } from './template.js'

/** A published number, drawn next to measured ones. */
export type ReportedResult = ReportedRow & { readonly value: number }

/**
 * The ablation on Sudoku-Extreme (Table 1). The rows on self-attention and on 4 layers differ from `trm` only in that.
 */
export const reportedSudoku = table1

/**
 * Adds published numbers to a figure of curves, each as a grey dotted line with an open marker at its end, whose legend says "reported"; their sources
 * are in its caption.
 *
 * @param which a filter, or rows, e.g. `[reportedSudoku.trm]`; rows without a number are omitted
 * @example
 * show(withReportedLines(runs.curves('test.exact'), { table: '4', task: 'Sudoku', method: 'TRM' }))
 * @throws UserError if no row matches the filter.
 */
export function withReportedLines(figure: Figure, which: ReportedFilter | readonly ReportedRow[]): CaptionedFigure {
  const rows = chosenRows(which)
  const x = horizontalRange(figure)
  const lines = rows.filter(hasValue).map(
    (row, i): Trace => ({
      type: 'scatter',
      // Fine dots, and a marker of its own kind at the right end: no measured curve has these.
      mode: 'lines+markers',
      name: escapeLabel(`reported: ${row.method} ${row.value}`),
      x,
      y: x.map(() => row.value),
      line: { color: reportedColor, width: 1.5, dash: '2px,2px' },
      marker: {
        symbol: reportedSymbol(i),
        size: [0, 9],
        color: reportedColor,
        line: { width: 2, color: reportedColor },
      },
      cliponaxis: false,
      legendrank: 1200,
      hovertemplate: `${escapeLabel(`${row.task}, ${row.source}`)}<extra>reported</extra>`,
      meta: { kind: 'reported', source: row.source },
    }),
  )
  const reported = rows
    .filter(hasValue)
    .map(({ method, value, task, source }) => `${method} ${value} (${task}, ${source})`)
  return withSources({ ...figure, data: [...figure.data, ...lines] }, { reported })
}

/** Returns published numbers themselves, or those that match a filter. @throws UserError if none does. */
export function chosenRows(which: ReportedFilter | readonly ReportedRow[]): readonly ReportedRow[] {
  return isRows(which) ? which : reportedWhere(which)
}

function isRows(which: ReportedFilter | readonly ReportedRow[]): which is readonly ReportedRow[] {
  return Array.isArray(which)
}

function hasValue(row: ReportedRow): row is ReportedResult {
  return row.value !== null
}

/** Returns the least and largest x of a figure's curves. */
function horizontalRange({ data }: Figure): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { x } of data)
    for (const value of Array.isArray(x) ? x : [])
      if (typeof value === 'number') {
        low = Math.min(low, value)
        high = Math.max(high, value)
      }
  return low <= high ? [low, high] : [0, 1]
}
