import { rounded } from '../statistics/rounding.js'
import { escapeLabel, type Trace } from './figure.js'
import { reportedColor } from './template.js'

/** A published number to draw beside measured ones. */
export interface ReportedMark {
  /** In the unit of the axis. */
  readonly value: number
  /** Where it was published, e.g. `arXiv 2510.04871, Table 1`. Default: not said. */
  readonly source?: string
}

/** A published number at its place in a figure. */
export interface ReportedAt extends ReportedMark {
  readonly x: number
  /** What the number is of, e.g. `TRM-MLP`. */
  readonly name: string
}

/** Returns a legend text that begins with "reported". */
export function reportedText(text: string): string {
  return /^reported\b/.test(text) ? text : `reported ${text}`
}

/**
 * Returns published numbers as markers of their own kind, open grey diamonds, with their values beside them; the sources are
 * in the hover text and, for a caption, in `meta.source`. No trace without numbers.
 *
 * @param legend e.g. `in the paper`
 * @param label the text beside a marker. Default: its value
 */
export function reportedMarks(
  marks: readonly ReportedAt[],
  legend: string,
  label: (mark: ReportedAt) => string = ({ value }) => rounded(value).value,
): Trace[] {
  if (marks.length === 0) return []
  const sources = [...new Set(marks.flatMap(({ source }) => (source === undefined ? [] : [source])))]
  return [
    {
      type: 'scatter',
      mode: 'markers+text',
      name: escapeLabel(reportedText(legend)),
      x: marks.map(({ x }) => x),
      y: marks.map(({ value }) => value),
      marker: { symbol: 'diamond-open', size: 10, color: reportedColor, line: { width: 2, color: reportedColor } },
      text: marks.map((mark) => escapeLabel(label(mark))),
      textposition: 'middle right',
      textfont: { color: reportedColor },
      cliponaxis: false,
      hovertext: marks.map(({ name, value, source }) =>
        escapeLabel(`${name}: ${rounded(value).value}, reported${source === undefined ? '' : ` in ${source}`}`),
      ),
      hoverinfo: 'text',
      meta: { kind: 'reported', ...(sources.length > 0 ? { source: sources.join('; ') } : {}) },
    },
  ]
}
