import { houseMargin, houseTemplate } from './template.js'

/** One plotly trace, e.g. `{ type: 'scatter', x: […], y: […] }`. */
export type Trace = Readonly<Record<string, unknown>>

/** A figure as plotly.js takes it: plain JSON, so that it can be shown, stored and drawn anywhere. */
export interface Figure {
  readonly data: readonly Trace[]
  readonly layout: Readonly<Record<string, unknown>>
}

/** What every kind of figure can be told. */
export interface FigureOptions {
  /** Title above the plot. Default: none. */
  readonly title?: string
  /** Title of the horizontal axis, with its unit, e.g. `optimisation step`. */
  readonly x?: string
  /** Title of the vertical axis, with its unit, e.g. `exact accuracy (%)`. */
  readonly y?: string
  /** Ends of the vertical axis. Default: what the data needs. */
  readonly range?: readonly [number, number]
  /** Pixels. Default 700. */
  readonly width?: number
  /** Pixels. Default 420. */
  readonly height?: number
}

/** Default size of a figure in pixels. */
export const FIGURE_WIDTH = 700
export const FIGURE_HEIGHT = 420

/** Puts traces into the house's layout: white ground, one font, axis titles, legend above the plot. */
export function makeFigure(
  data: readonly Trace[],
  options: FigureOptions,
  layout: Record<string, unknown> = {},
): Figure {
  const { title, x, y, range, width = FIGURE_WIDTH } = options
  const above = title === undefined ? 0 : Math.max(0, TITLE + LEGEND_ROW * legendRows(data, width) - houseMargin.t)
  const height = options.height ?? FIGURE_HEIGHT + above
  return {
    data,
    layout: {
      template: houseTemplate,
      width,
      height,
      ...(title === undefined ? {} : { title: { text: escapeLabel(title) } }),
      ...(above > 0 ? { margin: { ...houseMargin, t: houseMargin.t + above } } : {}),
      xaxis: x === undefined ? {} : { title: { text: escapeLabel(x) } },
      yaxis: {
        ...(y === undefined ? {} : { title: { text: escapeLabel(y) } }),
        ...(range === undefined ? {} : { range: [...range] }),
      },
      ...layout,
    },
  }
}

/** Pixels of the title, and of a row of the legend between it and the plot. */
const TITLE = 44
const LEGEND_ROW = 26

/**
 * Rows that plotly's legend takes at most: one where all names fit beside each other, else columns as wide as the widest
 * name. It does not move the title out of their way by itself. How wide a letter is depends on the reader's fonts.
 */
function legendRows(data: readonly Trace[], width: number): number {
  const names = data.filter(({ name, showlegend }) => typeof name === 'string' && showlegend !== false)
  if (names.length < 2) return 0
  const widths = names.map(({ name }) => 48 + 8 * String(name).length)
  const room = width - houseMargin.l - houseMargin.r
  if (widths.reduce((sum, each) => sum + each, 0) <= room) return 1
  return Math.ceil(names.length / Math.max(1, Math.floor(room / Math.max(...widths))))
}

/** Plotly reads some HTML tags in labels: names that come from data must not become markup. */
export function escapeLabel(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
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
