import { UserError } from '../errors.js'
import { escapeLabel } from '../escape/plotly.js'
import { DEFAULT_LEVEL } from '../statistics/estimate.js'
import { levelText } from '../statistics/rounding.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { shownName } from './looks.js'
import type { ReportedMark } from './reported-marks.js'
import { type CaptionedFigure, withSources } from './sources.js'
import { errorBars } from './spread.js'
import { colorOf, markerOf, outlineColor, reportedColor } from './template.js'

/** A measured difference with the ends of its interval; null where there is none. */
export interface MeasuredDifference {
  readonly value: number
  readonly low: number | null
  readonly high: number | null
}

/** Options of {@link differences}. */
export interface DifferencesOptions extends FigureOptions {
  /** Confidence level of the intervals, which the caption names. Default: 0.95 */
  readonly level?: number
  /** Names of the series in the order of the legend. Default: as they appear in the rows */
  readonly series?: readonly string[]
}

/** A line of {@link differences}. */
export interface DifferenceRow {
  readonly name: string
  /** The published difference. Default: none */
  readonly reported?: ReportedMark | null
  /** Measured differences by the name of their series, e.g. `pocket`. */
  readonly measured: Readonly<Record<string, MeasuredDifference>>
}

/** Room before a name: a reader's font may be wider than the one that the margin is measured with. */
const SLACK = '\u00a0\u00a0\u00a0\u00a0'

/** The most letters of a name on one line; two lines fit. */
const LETTERS = 30

/** Width of the figure; with its height it fixes the shape on paper. */
const WIDTH = 760

/** Height of a line, and room for title, axis and legend, in pixels. */
const LINE = 34
const AROUND = 170

/**
 * Returns differences with their intervals, a line each from top to bottom, beside the published ones; a vertical line marks no
 * difference.
 *
 * @throws UserError without rows, or for a value that is not finite.
 */
export function differences(
  rows: readonly DifferenceRow[],
  { level = DEFAULT_LEVEL, series: order = [], ...options }: DifferencesOptions = {},
): CaptionedFigure {
  check(rows)
  const present = new Set(rows.flatMap(({ measured }) => Object.keys(measured)))
  const series = [...new Set([...order.filter((name) => present.has(name)), ...present])]
  const names = rows.map(({ name }) => shownName(name, options))
  const figure = makeFigure(
    [
      ...series.map((name, i) => measuredTrace(rows, names, name, i, offsetOf(i, series.length))),
      ...reportedTrace(rows, names),
    ],
    { width: WIDTH, height: AROUND + LINE * rows.length, x: 'difference (points)', ...options },
    {
      // The name of a line needs more room than the number of a tick.
      yaxis: {
        tickvals: rows.map((_, i) => i),
        ticktext: names.map((name) =>
          linesOf(name)
            .map((line) => `${SLACK}${escapeLabel(line)}`)
            .join('<br>'),
        ),
        range: [rows.length - 0.4, -0.6],
        automargin: true,
        showgrid: true,
        zeroline: false,
      },
      shapes: [
        {
          type: 'line',
          x0: 0,
          x1: 0,
          yref: 'paper',
          y0: 0,
          y1: 1,
          line: { color: outlineColor, width: 1.25 },
          layer: 'below',
        },
      ],
    },
  )
  return withSources(figure, {
    reported: rows.flatMap(({ name, reported }) =>
      reported ? [`${name} ${reported.value}${reported.source === undefined ? '' : ` (${reported.source})`}`] : [],
    ),
    bands: [`Error bars: ${levelText(level)}`],
  })
}

/** Returns a name in two lines if it is long: plotly cuts what is left of the figure. */
function linesOf(name: string): string[] {
  if (name.length <= LETTERS) return [name]
  const at = name.lastIndexOf(' ', LETTERS)
  return at <= 0 ? [name] : [name.slice(0, at), name.slice(at + 1)]
}

function check(rows: readonly DifferenceRow[]): void {
  if (rows.length === 0) throw new UserError({ where: 'differences', expected: 'at least one row', found: 'none' })
  for (const { name, measured } of rows)
    for (const [series, { value }] of Object.entries(measured))
      if (!Number.isFinite(value))
        throw new UserError({
          where: `differences, ${name}, ${series}`,
          expected: 'a finite difference',
          found: String(value),
        })
}

/** Distance of a series from the middle of its line; the published number stands below the middle. */
function offsetOf(i: number, count: number): number {
  return 0.2 * (i - (count - 1) / 2) - 0.12
}

function measuredTrace(
  rows: readonly DifferenceRow[],
  names: readonly string[],
  series: string,
  i: number,
  offset: number,
): Trace {
  const there = rows.flatMap(({ measured }, at) => (measured[series] ? [{ at, ...measured[series] }] : []))
  return {
    type: 'scatter',
    mode: 'markers',
    name: escapeLabel(series),
    x: there.map(({ value }) => value),
    y: there.map(({ at }) => at + offset),
    error_x: errorBars(there, colorOf(i)),
    marker: { color: colorOf(i), symbol: markerOf(i), size: 9 },
    hovertext: there.map(({ at, value }) => escapeLabel(`${names[at]}: ${value.toFixed(1)} (${series})`)),
    hoverinfo: 'text',
  }
}

function reportedTrace(rows: readonly DifferenceRow[], names: readonly string[]): Trace[] {
  const there = rows.flatMap(({ reported }, at) => (reported ? [{ at, ...reported }] : []))
  if (there.length === 0) return []
  return [
    {
      type: 'scatter',
      mode: 'markers',
      name: 'reported',
      x: there.map(({ value }) => value),
      y: there.map(({ at }) => at + 0.2),
      marker: { color: reportedColor, symbol: 'diamond-open', size: 10, line: { width: 2, color: reportedColor } },
      hovertext: there.map(({ at, value }) => escapeLabel(`${names[at]}: ${value} reported`)),
      hoverinfo: 'text',
      meta: { kind: 'reported', source: there.map(({ source }) => source ?? '').join('; ') },
    },
  ]
}
