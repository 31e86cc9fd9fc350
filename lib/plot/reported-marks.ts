import { escapeLabel } from '../escape/plotly.js'
import { rounded } from '../statistics/rounding.js'
import type { Trace } from './figure.js'
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
  /** Method that reached the number, e.g. `TRM-MLP`. */
  readonly name: string
}

/** Returns a legend text that begins with "reported". */
export function reportedText(text: string): string {
  return /^reported\b/.test(text) ? text : `reported ${text}`
}

/**
 * Returns published numbers as markers of their own kind, open grey diamonds with their values beside them; the sources are in
 * the hover text and, for a caption, in `meta.source`. No trace without numbers.
 *
 * @param legend e.g. `in the paper`
 */
export function reportedMarks(marks: readonly ReportedAt[], legend: string): Trace[] {
  if (marks.length === 0) return []
  return [
    {
      ...markerTrace(marks, reportedText(legend), 0),
      mode: 'markers+text',
      // A space keeps the number clear of its marker.
      text: marks.map(({ value }) => `\u00a0${rounded(value).value}`),
      textposition: 'middle right',
      textfont: { color: reportedColor },
    },
  ]
}

/**
 * Returns published numbers as open grey markers, each with a symbol and an entry of the legend of its own; of more than six,
 * all with one symbol and one entry.
 */
export function reportedSeries(marks: readonly ReportedAt[]): Trace[] {
  if (marks.length === 0) return []
  if (marks.length > SYMBOLS.length) return [markerTrace(marks, `reported (${marks.length}, names on hover)`, 0)]
  return marks.map((mark, i) => markerTrace([mark], `reported: ${mark.name}`, i))
}

/**
 * Returns published numbers in words for a caption, each with its source: `MLP 87.4 (arXiv 2510.04871)`.
 *
 * @param unsourced stands after a number without a source. Default: nothing
 */
export function reportedTexts(marks: readonly ReportedAt[], unsourced = ''): string[] {
  return marks.map(({ name, value, source }) => {
    const after = source === undefined ? unsourced : `(${source})`
    return [name, rounded(value).value, after].filter(Boolean).join(' ')
  })
}

/** Returns the open symbol of the i-th published number. */
export function reportedSymbol(i: number): string {
  return SYMBOLS[i % SYMBOLS.length]!
}

const SYMBOLS = [
  'diamond-open',
  'square-open',
  'circle-open',
  'triangle-up-open',
  'triangle-down-open',
  'pentagon-open',
]

function markerTrace(marks: readonly ReportedAt[], name: string, symbol: number): Trace {
  const sources = [...new Set(marks.flatMap(({ source }) => (source === undefined ? [] : [source])))]
  return {
    type: 'scatter',
    mode: 'markers',
    name: escapeLabel(name),
    x: marks.map(({ x }) => x),
    y: marks.map(({ value }) => value),
    marker: { symbol: reportedSymbol(symbol), size: 9, color: reportedColor, line: { width: 2, color: reportedColor } },
    cliponaxis: false,
    hovertext: marks.map(({ name, value, source }) =>
      escapeLabel(`${name}: ${rounded(value).value}, reported${source === undefined ? '' : ` in ${source}`}`),
    ),
    hoverinfo: 'text',
    legendrank: 1200,
    meta: { kind: 'reported', ...(sources.length > 0 ? { source: sources.join('; ') } : {}) },
  }
}
