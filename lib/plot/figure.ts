import { escapeLabel } from '../escape/plotly.js'
import { isJsonObject } from '../files/json.js'
import { logAxis } from './log-axis.js'
import { plainJson } from './plain.js'
import { type CaptionedFigure, captioned } from './sources.js'

/** One plotly trace, e.g. `{ type: 'scatter', x: […], y: […] }`. */
export type Trace = Readonly<Record<string, unknown>>

/**
 * A figure in the format of plotly.js. Arrays may be typed arrays, Arrow columns or tensors: see {@link plainFigure}.
 */
export interface Figure {
  readonly data: readonly Trace[]
  readonly layout: Readonly<Record<string, unknown>>
}

/** Options of every kind of figure. */
export interface FigureOptions {
  /** Title above the plot. Default: none. */
  readonly title?: string
  /** Title of the horizontal axis, with its unit, e.g. `optimisation step`. */
  readonly x?: string
  /** Title of the vertical axis, with its unit, e.g. `exact accuracy (%)`. */
  readonly y?: string
  /** Limits of the vertical axis, or of the colours of a heat map. Default: fitted to the data. */
  readonly range?: readonly [number, number]
  /** Axes with a logarithmic scale. Default: that of the kind of figure, in most `none`. */
  readonly log?: 'none' | 'x' | 'y' | 'both'
  /** Names to draw in place of labels. Default: the labels. */
  readonly names?: Readonly<Record<string, string>>
  /** Width in pixels. Default: the width of the notebook cell on screen, 700 in a file. */
  readonly width?: number
  /** Height in pixels. Default 420, plus room for a legend of several rows below a title. */
  readonly height?: number
}

/**
 * Combines traces and a layout with title and axis titles. Size, colours and fonts are set when it is shown or exported,
 * unless given: screen and page need different ones.
 */
export function makeFigure(
  data: readonly Trace[],
  options: FigureOptions,
  layout: Record<string, unknown> = {},
): CaptionedFigure {
  const { title, x, y, range, width, height, log = 'none' } = options
  const logX = log === 'x' || log === 'both'
  const logY = log === 'y' || log === 'both'
  return captioned({
    data,
    layout: {
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(title === undefined ? {} : { title: { text: escapeLabel(title) } }),
      xaxis: {
        ...(x === undefined ? {} : { title: { text: escapeLabel(x) } }),
        ...(logX ? logAxis(positive(data, 'x')) : {}),
      },
      yaxis: {
        ...(y === undefined ? {} : { title: { text: escapeLabel(y) } }),
        ...(logY ? logAxis(positive(data, 'y')) : {}),
        // Plotly reads the limits of a logarithmic axis as powers of ten.
        ...(range === undefined ? {} : { range: logY ? range.map(Math.log10) : [...range] }),
      },
      ...layout,
    },
  })
}

/** Returns the positive values of traces along an axis, with the ends of their error bars. */
function positive(data: readonly Trace[], axis: 'x' | 'y'): number[] {
  return data
    .flatMap((trace) => {
      const values = numbersIn(trace[axis])
      const { array, arrayminus } = (trace[`error_${axis}`] ?? {}) as { array?: unknown; arrayminus?: unknown }
      const [above, below] = [numbersIn(array), numbersIn(arrayminus)]
      return values.flatMap((value, i) => [value, value + (above[i] ?? 0), value - (below[i] ?? 0)])
    })
    .filter((value) => value > 0)
}

/** Returns an array's numbers; NaN in place of other values. */
function numbersIn(values: unknown): number[] {
  return Array.isArray(values) ? values.map((value) => (typeof value === 'number' ? value : Number.NaN)) : []
}

/**
 * Returns the figure as plain JSON, which can be shown, stored and drawn identically anywhere: see {@link plainJson}.
 *
 * @throws UserError naming trace and key of a value that a plot cannot show.
 */
export function plainFigure({ data, layout }: Figure): Figure {
  return {
    data: data.map((trace, i) => plainJson(trace, `figure, trace ${i + 1}`) as Trace),
    layout: plainJson(layout, 'figure, layout') as Figure['layout'],
  }
}

/** Returns whether a value is a {@link Figure}. */
export function isFigure(value: unknown): value is Figure {
  if (!isJsonObject(value)) return false
  const { data, layout } = value
  return Array.isArray(data) && data.every(isJsonObject) && isJsonObject(layout)
}
