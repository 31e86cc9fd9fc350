import type { Figure, Trace } from './figure.js'
import { houseMargin, paperTemplate, screenTemplate } from './template.js'

/** Default size of a figure in pixels. */
const WIDTH = 700
const HEIGHT = 420
/** Width of two figures side by side. */
const WIDE = 980

/** A legend must fit in JupyterLab's output in a window of 1,000 pixels, with the file browser open. */
const NARROW = 540

/**
 * Width of a drawing that changes while its cell runs: it fits a window of 1,280 pixels, and a smaller window shrinks it.
 */
const LIVE_WIDTH = 760
const LIVE_HEIGHT = 380

/** Pixels of the title, and of a legend row between it and the plot. */
const TITLE = 44
const LEGEND_ROW = 30

/**
 * Returns a figure for a white page (exported files, reports, GitHub), with a width, dark text and a white background;
 * values already in the layout stay.
 */
export function paperForm(figure: Figure): Figure {
  const width = numberOf(figure.layout.width) ?? (isPair(figure) ? WIDE : WIDTH)
  return formed(figure, paperTemplate, { width }, width)
}

/**
 * Returns a figure for a screen of unknown width and colours: as wide as the output, transparent, with text that is
 * readable on light and on dark.
 */
export function screenForm(figure: Figure): Figure {
  const width = numberOf(figure.layout.width)
  return formed(figure, screenTemplate, width === null ? { autosize: true } : { width }, width ?? NARROW)
}

/** Returns a figure that is redrawn while its cell runs: in screen colours, sized for an output. */
export function liveForm(figure: Figure): Figure {
  const width = numberOf(figure.layout.width) ?? LIVE_WIDTH
  return formed({ ...figure, layout: { height: LIVE_HEIGHT, ...figure.layout } }, screenTemplate, { width }, width)
}

/** @param room pixels reserved for the legend besides the margins */
function formed({ data, layout }: Figure, template: object, size: object, room: number): Figure {
  const above =
    layout.title === undefined || layout.margin !== undefined
      ? 0
      : Math.max(0, TITLE + LEGEND_ROW * legendRows(data, room) - houseMargin.t)
  return {
    data,
    layout: {
      template,
      ...(above > 0 ? { margin: { ...houseMargin, t: houseMargin.t + above } } : {}),
      ...layout,
      ...size,
      height: numberOf(layout.height) ?? HEIGHT + above,
    },
  }
}

/**
 * Returns the maximum number of rows of plotly's legend: one if all names fit side by side, else columns as wide as the
 * widest name. Plotly does not move the title out of the way. The width of a letter depends on the reader's fonts.
 */
function legendRows(data: readonly Trace[], width: number): number {
  const names = data.filter(({ name, showlegend }) => typeof name === 'string' && showlegend !== false)
  if (names.length < 2) return 0
  const widths = names.map(({ name }) => 48 + 8 * String(name).length)
  const room = width - houseMargin.l - houseMargin.r
  if (widths.reduce((sum, each) => sum + each, 0) <= room) return 1
  return Math.ceil(names.length / Math.max(1, Math.floor(room / Math.max(...widths))))
}

/** Returns whether a figure is two plots side by side. */
function isPair({ layout }: Figure): boolean {
  return layout.xaxis2 !== undefined
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null
}
