import { UserError } from '../errors.js'
import { escapeLabel } from '../escape/plotly.js'
import { isJsonObject } from '../files/json.js'
import type { ReportedCurve } from '../results/reported/series.js'
import { type ReportedCurveFilter, reportedCurvesWhere } from '../results/reported.js'
import { rounded } from '../statistics/rounding.js'
import type { Figure, Trace } from './figure.js'
import { logAxis } from './log-axis.js'
import { reportedSymbol } from './reported-marks.js'
import { type CaptionedFigure, withSources } from './sources.js'
import { reportedColor } from './template.js'

/**
 * Returns a figure with published curves behind its own: grey broken lines with open markers, whose legend says "reported";
 * their sources, and how their values were read, are in the caption. The curves must share the figure's axes.
 *
 * @param which a filter, or curves of {@link reportedCurvesWhere}
 * @example
 * show(withReportedCurves(recording.curve({ x: 'depth' }), { series: 'depth.trm' }))
 * @throws UserError if no curve matches the filter, or curves against different quantities do.
 */
export function withReportedCurves(
  figure: Figure,
  which: ReportedCurveFilter | readonly ReportedCurve[],
): CaptionedFigure {
  const curves = chosenCurves(which)
  const quantities = [...new Set(curves.map(({ x }) => x))]
  if (quantities.length > 1)
    throw new UserError({
      where: 'reported',
      expected: 'published curves against one quantity',
      found: `curves against ${quantities.join(' and ')}`,
      todo: `Name them more closely: ${curves.map(({ series }) => series).join(', ')}.`,
    })
  const names = legendNames(curves)
  const data = [...curves.map((curve, i) => traceOf(curve, names[i]!, i)), ...figure.data]
  const { xaxis } = figure.layout
  const layout =
    isJsonObject(xaxis) && xaxis.type === 'log'
      ? { ...figure.layout, xaxis: { ...xaxis, ...logAxis(positiveX(data)) } }
      : figure.layout
  return withSources({ ...figure, data, layout }, { reported: curves.map(textOf) })
}

/** Returns published curves themselves, or those that match a filter. @throws UserError if none does. */
export function chosenCurves(which: ReportedCurveFilter | readonly ReportedCurve[]): readonly ReportedCurve[] {
  return isCurves(which) ? which : reportedCurvesWhere(which)
}

function isCurves(which: ReportedCurveFilter | readonly ReportedCurve[]): which is readonly ReportedCurve[] {
  return Array.isArray(which)
}

/** Returns the names of curves in a legend: method and data set, and the metric where that leaves two alike. */
function legendNames(curves: readonly ReportedCurve[]): string[] {
  const names = curves.map(({ method, task }) => `reported: ${method} (${task})`)
  return names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}, ${curves[i]!.metric}`,
  )
}

function traceOf({ method, task, note, source, readFrom, xs, ys }: ReportedCurve, name: string, i: number): Trace {
  const about = [`${method}, ${task}`, note, `${readFrom} of ${source}`].filter(Boolean).join('; ')
  return {
    type: 'scatter',
    mode: 'lines+markers',
    name: escapeLabel(name),
    x: [...xs],
    y: [...ys],
    line: { color: reportedColor, width: 1.5, dash: '2px,2px' },
    marker: { symbol: reportedSymbol(i), size: 7, color: reportedColor, line: { width: 1.5, color: reportedColor } },
    hovertext: ys.map((y) => escapeLabel(`${rounded(y).value}, reported: ${about}`)),
    hoverinfo: 'text',
    legendrank: 1200,
    meta: { kind: 'reported', source },
  }
}

/** Returns a curve in words, for a caption. */
function textOf({ method, task, note, source, readFrom }: ReportedCurve): string {
  const how = readFrom === 'figure' ? 'read off its figure' : `from its ${readFrom}`
  return `${method} on ${task}${note === null ? '' : ` (${note})`}, ${source}, ${how}`
}

function positiveX(data: readonly Trace[]): number[] {
  return data
    .flatMap(({ x }) => (Array.isArray(x) ? (x as unknown[]) : []))
    .filter((x): x is number => typeof x === 'number' && x > 0)
}
