import { escapeLabel } from '../escape/plotly.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { shownName } from './looks.js'
import type { CaptionedFigure } from './sources.js'
import { errorBars } from './spread.js'
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
  /** Pixels. Default 2. */
  readonly width?: number
  /** A shaded band around the line, of the same length as x; non-finite ends are gaps. */
  readonly band?: { readonly low: Numbers; readonly high: Numbers }
  /** Text shown when hovering over a point, one per point. */
  readonly hover?: readonly string[]
  /** Default true. */
  readonly legend?: boolean
}

/** Returns lines over a common axis, each with an optional band. Non-finite points are gaps. */
export function lineFigure(lines: readonly Line[], options: FigureOptions = {}): CaptionedFigure {
  return makeFigure(lineTraces(lines, options), options)
}

/** Returns the traces of {@link lineFigure}. */
export function lineTraces(lines: readonly Line[], options: Pick<FigureOptions, 'names'> = {}): Trace[] {
  return lines.flatMap((line, i) =>
    tracesOf(
      line.color ? line : { dash: dashOf(i), marker: markerOf(i), ...line },
      line.color ?? colorOf(i),
      shownName(line.name, options),
    ),
  )
}

function tracesOf(line: Line, color: string, name: string): Trace[] {
  const x = Array.from(line.x)
  const y = finite(line.y)
  // A line through one point is invisible.
  const single = y.filter((value) => value !== null).length < 2
  const main: Trace = {
    type: 'scatter',
    mode: single ? 'markers' : 'lines',
    name,
    x,
    y,
    line: { color, width: line.width ?? 2, dash: line.dash ?? 'solid' },
    marker: { color, size: 7, symbol: line.marker ?? 'circle' },
    legendgroup: name,
    showlegend: line.legend ?? true,
    ...(line.hover
      ? { text: line.hover.map(escapeLabel), hovertemplate: '%{text}<extra>%{fullData.name}</extra>' }
      : {}),
  }
  if (!line.band) return [main]
  const { low, high } = line.band
  if (single) {
    const ends = y.map((value, i) => (value === null ? null : { value, low: low[i]!, high: high[i]! }))
    return [{ ...main, error_y: errorBars(ends, color) }]
  }
  return [...segmentsOf(low, high).flatMap(([from, to]) => bandTraces(line.band!, from, to, x, name, color)), main]
}

/** Returns the stretches without gaps in a band, each as its first index and the one after its last. */
function segmentsOf(low: Numbers, high: Numbers): [from: number, to: number][] {
  const segments: [number, number][] = []
  for (let i = 0; i < low.length; i++) {
    if (!Number.isFinite(low[i]) || !Number.isFinite(high[i])) continue
    const last = segments.at(-1)
    if (last?.[1] === i) last[1] = i + 1
    else segments.push([i, i + 1])
  }
  return segments
}

/**
 * Returns the traces of a band without gaps: the upper edge is filled down to the lower one, which must directly precede it.
 */
function bandTraces(
  band: NonNullable<Line['band']>,
  from: number,
  to: number,
  all: readonly number[],
  name: string,
  color: string,
): Trace[] {
  const x = all.slice(from, to)
  const part = (edge: Numbers): (number | null)[] => finite(edge).slice(from, to)
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
    { ...edge, y: part(band.low) },
    { ...edge, y: part(band.high), fill: 'tonexty', fillcolor: withOpacity(color, 0.18) },
  ]
}

/** Replaces non-finite values by null (a gap), since JSON has no NaN. */
function finite(values: Numbers): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null))
}
