import type { Figure, Trace } from './figure.js'
import { houseMargin, paperTemplate, screenTemplate } from './template.js'

/** Default size of a figure in pixels. */
const WIDTH = 700
const HEIGHT = 420
/** Width of two figures beside each other. */
const WIDE = 980

/** A legend must fit into JupyterLab's cell in a window of 1,000 pixels, with the file browser open. */
const NARROW = 540

/** Size of a drawing that changes while its cell runs: a window of 1,280 pixels shows it as it is, a smaller one shrinks it. */
const LIVE_WIDTH = 760
const LIVE_HEIGHT = 380

/** Pixels of the title, and of a row of the legend between it and the plot. */
const TITLE = 44
const LEGEND_ROW = 30

/**
 * A figure for a white page: exported files, reports, GitHub. It has a width, dark text and a white ground; what its layout
 * says already stays.
 */
export function paperForm(figure: Figure): Figure {
  const width = numberOf(figure.layout.width) ?? (isPair(figure) ? WIDE : WIDTH)
  return formed(figure, paperTemplate, { width }, width)
}

/**
 * A figure for a screen whose width and colours nobody knows: as wide as the cell, without a ground, and with text that is
 * read on light and on dark.
 */
export function screenForm(figure: Figure): Figure {
  const width = numberOf(figure.layout.width)
  return formed(figure, screenTemplate, width === null ? { autosize: true } : { width }, width ?? NARROW)
}

/** A figure that is drawn anew while its cell runs: a screen's colours, in a size that suits a cell. */
export function liveForm(figure: Figure): Figure {
  const width = numberOf(figure.layout.width) ?? LIVE_WIDTH
  return formed({ ...figure, layout: { height: LIVE_HEIGHT, ...figure.layout } }, screenTemplate, { width }, width)
}

/** @param room pixels that the legend has beside the margins */
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

/** Two plots beside each other. */
function isPair({ layout }: Figure): boolean {
  return layout.xaxis2 !== undefined
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null
}
