import { escapeLabel, type Figure, type FigureOptions, makeFigure, type Trace } from './figure.js'
import { colorOf, dashOf, withOpacity } from './template.js'

/** Numbers along an axis. */
export type Numbers = ArrayLike<number>

/** One line of {@link lineFigure}. */
export interface Line {
  readonly name: string
  readonly x: Numbers
  readonly y: Numbers
  /** `#RRGGBB`. Default: the palette's next colour. */
  readonly color?: string
  /** Default `solid`; without a colour of its own, broken where the palette's colours have started again. */
  readonly dash?: 'solid' | 'dash' | 'dot'
  /** A shaded band around the line, as long as x. */
  readonly band?: { readonly low: Numbers; readonly high: Numbers }
  /** Shown when the mouse rests on a point, one text per point. */
  readonly hover?: readonly string[]
  /** Default true. */
  readonly legend?: boolean
}

/** Lines over a common axis, each with an optional band. Points that are not finite are gaps. */
export function lineFigure(lines: readonly Line[], options: FigureOptions = {}): Figure {
  return makeFigure(
    lines.flatMap((line, i) => tracesOf(line.color ? line : { dash: dashOf(i), ...line }, line.color ?? colorOf(i))),
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
    marker: { color, size: 7 },
    legendgroup: name,
    showlegend: line.legend ?? true,
    ...(line.hover
      ? { text: line.hover.map(escapeLabel), hovertemplate: '%{text}<extra>%{fullData.name}</extra>' }
      : {}),
  }
  return line.band ? [...bandTraces(line.band, x, name, color), main] : [main]
}

/** The upper edge is filled down to the lower one, which has to come just before it. */
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

/** JSON has no NaN: a gap is null. */
function finite(values: Numbers): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null))
}
