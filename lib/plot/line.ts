import { escapeLabel, type FigureOptions, makeFigure, type Trace } from './figure.js'
import type { CaptionedFigure } from './sources.js'
import { colorOf, type Dash, dashOf, type MarkerSymbol, markerOf, withOpacity } from './template.js'

/** Numbers along an axis. */
export type Numbers = ArrayLike<number>

/** One line of {@link lineFigure}. */
export interface Line {
  readonly name: string
  readonly x: Numbers
  readonly y: Numbers
  /** `#RRGGBB`. Default: the palette's next colour. */
  readonly color?: string
  /** Default `solid`; without a `color`, the pattern that belongs to the palette's next colour. */
  readonly dash?: Dash
  /** Symbol of a line of one point. Default `circle`; without a `color`, the one that belongs to the palette's next colour. */
  readonly marker?: MarkerSymbol
  /** A shaded band around the line, of the same length as x. */
  readonly band?: { readonly low: Numbers; readonly high: Numbers }
  /** Text shown when hovering over a point, one per point. */
  readonly hover?: readonly string[]
  /** Default true. */
  readonly legend?: boolean
}

/** Returns lines over a common axis, each with an optional band. Non-finite points are gaps. */
export function lineFigure(lines: readonly Line[], options: FigureOptions = {}): CaptionedFigure {
  return makeFigure(
    lines.flatMap((line, i) =>
      tracesOf(line.color ? line : { dash: dashOf(i), marker: markerOf(i), ...line }, line.color ?? colorOf(i)),
    ),
    options,
  )
}

function tracesOf(line: Line, color: string): Trace[] {
  const name = escapeLabel(line.name)
  const x = Array.from(line.x)
  const main: Trace = {
    type: 'scatter',
    mode: x.length < 2 ? 'markers' : 'lines',
    name,
    x,
    y: finite(line.y),
    line: { color, width: 2, dash: line.dash ?? 'solid' },
    marker: { color, size: 7, symbol: line.marker ?? 'circle' },
    legendgroup: name,
    showlegend: line.legend ?? true,
    ...(line.hover
      ? { text: line.hover.map(escapeLabel), hovertemplate: '%{text}<extra>%{fullData.name}</extra>' }
      : {}),
  }
  return line.band ? [...bandTraces(line.band, x, name, color), main] : [main]
}

/** Returns the traces of a band: the upper edge is filled down to the lower one, which must directly precede it. */
function bandTraces(band: NonNullable<Line['band']>, x: readonly number[], name: string, color: string): Trace[] {
  const edge = {
    type: 'scatter',
    mode: 'lines',
    name,
    x,
    line: { width: 0, color },
    legendgroup: name,
    showlegend: false,
    hoverinfo: 'skip',
  }
  return [
    { ...edge, y: finite(band.low) },
    { ...edge, y: finite(band.high), fill: 'tonexty', fillcolor: withOpacity(color, 0.18) },
  ]
}

/** Replaces non-finite values by null (a gap), since JSON has no NaN. */
function finite(values: Numbers): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null))
}
