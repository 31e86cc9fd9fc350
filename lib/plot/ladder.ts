import { escapeLabel } from '../escape/plotly.js'
import type { ReportedCurve } from '../results/reported/series.js'
import type { Estimate } from '../statistics/estimate.js'
import { type PowerLaw, powerAt, powerText } from '../statistics/power-law.js'
import { halfWidth, plusMinus } from '../statistics/rounding.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { lineTraces } from './line.js'
import { logAxis } from './log-axis.js'
import { withReportedCurves } from './reported-curves.js'
import { type CaptionedFigure, withSources } from './sources.js'
import { colorOf, houseMargin, reportedColor } from './template.js'

/** An accuracy at each depth, or number of rollouts. */
export interface LadderLine {
  readonly name: string
  /** Depths D, or numbers of rollouts K. */
  readonly x: readonly number[]
  /** `[x]` in percent. */
  readonly accuracy: readonly Pick<Estimate, 'value' | 'low' | 'high'>[]
  /** The power law of the error, as a share; null without one. */
  readonly law: PowerLaw | null
}

/** Options of {@link ladderFigure}. */
export interface LadderFigureOptions extends Omit<FigureOptions, 'log'> {
  /** `accuracy`, or the `error` on a logarithmic axis, where a power law is a straight line. Default `accuracy`. */
  readonly shows?: 'accuracy' | 'error'
  /** Symbol of the horizontal axis in the law: `D` or `K`. Default `D`. */
  readonly symbol?: string
  /** Units that the intervals are over. Default `puzzles`. */
  readonly over?: string
  /** A depth that is marked by a vertical line, with its meaning. Default: none. */
  readonly mark?: { readonly at: number; readonly text: string }
  /** Published curves of accuracy (%) over the same axis, drawn behind. Default: none. */
  readonly reported?: readonly ReportedCurve[]
}

/**
 * Returns accuracies over a logarithmic axis of depth or rollouts with their intervals as bands, each with its fitted power law
 * as a thin line over the fitted range, and published curves behind. Errors of 0 are gaps on the axis of errors.
 */
export function ladderFigure(lines: readonly LadderLine[], options: LadderFigureOptions = {}): CaptionedFigure {
  const { shows = 'accuracy', symbol = 'D', over = 'puzzles', mark, reported = [], ...rest } = options
  const isError = shows === 'error'
  const traces = lineTraces(
    lines.map(({ name, x, accuracy }) => ({
      name,
      x,
      y: accuracy.map(({ value }) => shown(value, isError)),
      band: {
        low: accuracy.map(({ low, high }) => shown(isError ? high : low, isError)),
        high: accuracy.map(({ low, high }) => shown(isError ? low : high, isError)),
      },
      hover: accuracy.map((each, i) => `${symbol} = ${x[i]}: ${plusMinus(each.value, halfWidth(each))} %`),
    })),
    options,
  ).map(
    (trace): Trace => (trace.mode === 'lines' && trace.fill === undefined && hasHover(trace) ? dotted(trace) : trace),
  )
  const laws = lines.flatMap(({ law }, i) => (law === null ? [] : [lawTrace(law, i, isError, symbol)]))
  const figure = makeFigure([...traces, ...laws], { ...rest, log: isError ? 'both' : 'x' }, markLayout(mark))
  const behind =
    reported.length === 0 ? figure : withReportedCurves(figure, isError ? reported.map(errorCurve) : reported)
  const named = reported.length === 0 ? behind : withEndNames(behind, reported)
  const bands = lines.some(({ accuracy }) => accuracy.some(({ low }) => low !== null))
    ? [`Bands: 95 % interval over ${over}`]
    : []
  return withSources(isError ? withErrorAxis(named) : named, { bands })
}

/** Returns a share or its error in percent; NaN where it is unknown, or has no logarithm. */
function shown(percent: number | null, isError: boolean): number {
  if (percent === null) return Number.NaN
  const error = 100 - percent
  return isError ? (error > 0 ? error : Number.NaN) : percent
}

function hasHover({ text }: Trace): boolean {
  return text !== undefined
}

/** Marks the measured depths of a line. */
function dotted(trace: Trace): Trace {
  return { ...trace, mode: 'lines+markers' }
}

const LAW_POINTS = 24

function lawTrace(law: PowerLaw, i: number, isError: boolean, symbol: string): Trace {
  const { from, to } = law
  const x = Array.from({ length: LAW_POINTS }, (_, k) => from * (to / from) ** (k / (LAW_POINTS - 1)))
  return {
    type: 'scatter',
    mode: 'lines',
    name: `${powerText(law, symbol)}, fitted on ${from} to ${to}`,
    x,
    y: x.map((at) => (isError ? 100 * powerAt(law, at) : 100 - 100 * powerAt(law, at))),
    line: { color: colorOf(i + 3), width: 2, dash: 'dot' },
    hoverinfo: 'skip',
    legendrank: 1050,
  }
}

function markLayout(mark: LadderFigureOptions['mark']): Record<string, unknown> {
  if (mark === undefined) return {}
  return {
    shapes: [
      {
        type: 'line',
        xref: 'x',
        yref: 'paper',
        x0: mark.at,
        x1: mark.at,
        y0: 0,
        y1: 1,
        line: { color: reportedColor, width: 1, dash: 'dash' },
        layer: 'below',
      },
    ],
    annotations: [
      {
        xref: 'x',
        yref: 'paper',
        // Plotly places annotations of a logarithmic axis by the power of ten.
        x: Math.log10(mark.at),
        y: 0.02,
        xanchor: 'left',
        yanchor: 'bottom',
        text: ` ${mark.text}`,
        showarrow: false,
      },
    ],
  }
}

/** Returns a figure whose published curves carry their names at their right ends, with one entry of the legend for all. */
function withEndNames(figure: CaptionedFigure, curves: readonly ReportedCurve[]): CaptionedFigure {
  const tasks = [...new Set(curves.map(({ task }) => task))]
  const [first] = curves
  const data = figure.data.map((trace, i): Trace => {
    // Published curves are the first traces.
    const curve = curves[i]
    if (curve === undefined) return trace
    return {
      ...trace,
      name: escapeLabel(`reported on ${tasks.join('; ')}`),
      showlegend: curve === first,
      mode: 'lines+markers+text',
      text: curve.xs.map((x) => (x === Math.max(...curve.xs) ? `\u00a0${escapeLabel(curve.method)}` : '')),
      textposition: 'middle right',
      textfont: { color: reportedColor, size: 11 },
      cliponaxis: false,
    }
  })
  const right = Math.max(...curves.map(({ method }) => method.length))
  const margin = { ...houseMargin, r: houseMargin.r + Math.round(5 * right) }
  return withSources({ data, layout: { ...figure.layout, margin } }, {})
}

function errorCurve(curve: ReportedCurve): ReportedCurve {
  return { ...curve, ys: curve.ys.map((y) => 100 - y) }
}

/** Returns a figure whose vertical axis has room for every trace. */
function withErrorAxis(figure: CaptionedFigure): CaptionedFigure {
  const ys = figure.data.flatMap(({ y }) => (Array.isArray(y) ? (y as unknown[]) : []))
  const positive = ys.filter((y): y is number => typeof y === 'number' && y > 0)
  const yaxis = { ...(figure.layout.yaxis as object), ...logAxis(positive) }
  return withSources({ ...figure, layout: { ...figure.layout, yaxis } }, {})
}
