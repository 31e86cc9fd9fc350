import { plainJson } from './plain.js'

/** One plotly trace, e.g. `{ type: 'scatter', x: […], y: […] }`. */
export type Trace = Readonly<Record<string, unknown>>

/** A figure as plotly.js takes it. Arrays may be typed, columns of Arrow or tensors: see {@link plainFigure}. */
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
  /** Ends of the vertical axis. Default: what the data needs. */
  readonly range?: readonly [number, number]
  /** Pixels. Default: on the screen as wide as the cell, in a file 700. */
  readonly width?: number
  /** Pixels. Default 420, and room for a legend of several rows below a title. */
  readonly height?: number
}

/**
 * Puts traces into a layout with title and axis titles. Size, colours and fonts come when it is shown or exported, unless
 * they are given: a screen and a page need others.
 */
export function makeFigure(
  data: readonly Trace[],
  options: FigureOptions,
  layout: Record<string, unknown> = {},
): Figure {
  const { title, x, y, range, width, height } = options
  return {
    data,
    layout: {
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(title === undefined ? {} : { title: { text: escapeLabel(title) } }),
      xaxis: x === undefined ? {} : { title: { text: escapeLabel(x) } },
      yaxis: {
        ...(y === undefined ? {} : { title: { text: escapeLabel(y) } }),
        ...(range === undefined ? {} : { range: [...range] }),
      },
      ...layout,
    },
  }
}

/** Plotly reads some HTML tags in labels: names that come from data must not become markup. */
export function escapeLabel(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

/**
 * The figure as plain JSON, so that it can be shown, stored and drawn anywhere, the same everywhere: see {@link plainJson}.
 *
 * @throws UserError naming trace and key of what no plot can show.
 */
export function plainFigure({ data, layout }: Figure): Figure {
  return {
    data: data.map((trace, i) => plainJson(trace, `figure, trace ${i + 1}`) as Trace),
    layout: plainJson(layout, 'figure, layout') as Figure['layout'],
  }
}

/** Whether a value is a {@link Figure}. */
export function isFigure(value: unknown): value is Figure {
  if (typeof value !== 'object' || value === null) return false
  const { data, layout } = value as Partial<Figure>
  return Array.isArray(data) && data.every(isObject) && isObject(layout)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
