import { UserError } from '../errors.js'
import type { Figure, Trace } from './figure.js'
import { houseMargin, paperTemplate, printMargin, printTemplate, screenTemplate, TYPE_SIZE } from './template.js'
import type { Print } from './venues.js'

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
  return formed(withRoomyLegend(figure), paperTemplate, { width }, width)
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
  const { data, layout } = withRoomyLegend(figure)
  return formed({ data, layout: { height: LIVE_HEIGHT, ...layout } }, screenTemplate, { width }, width)
}

/**
 * Returns a figure whose legend has room for names in wider fonts than those that it is drawn with: a drawing without its
 * fonts is shown in the reader's.
 */
function withRoomyLegend({ data, layout }: Figure): Figure {
  const widths = nameWidths(data)
  if (widths.length < 2) return { data, layout }
  const legend = { entrywidth: Math.max(...widths) - LEGEND_LINE, entrywidthmode: 'pixels' }
  return { data, layout: { ...layout, legend: { ...legend, ...(layout.legend as object | undefined) } } }
}

/** Points in an inch. */
const POINTS = 72

/** Height of a figure for a venue by its width, up to 5 inches and above. */
const RATIO = 0.62
const WIDE_RATIO = 0.42
const WIDE_INCHES = 5

/** A figure laid out for paper. */
export interface PrintForm {
  readonly figure: Figure
  /** Size on paper. */
  readonly inches: { readonly width: number; readonly height: number }
}

/**
 * Returns a figure for a venue's page. It is laid out in pixels of which {@link TYPE_SIZE} are the venue's size of type, so
 * that lines, markers and room scale with the text; labels that are too long for its width are broken.
 *
 * @throws UserError when the given height leaves no room for the plot.
 */
export function printForm(figure: Figure, print: Print): PrintForm {
  const pixel = print.points / TYPE_SIZE / POINTS
  const width = Math.round(print.width / pixel)
  const scale = print.width / width
  const { data, layout } = brokenLabels(figure, width)
  const title = lines(titleText(layout.title)) * PRINT_ROW
  const above = title + legendRows(data, width + houseMargin.l + houseMargin.r - 2 * EDGE) * PRINT_ROW
  const height = print.height === null ? Math.round(width * ratioOf(figure, print.width) + above) : print.height / scale
  if (height - above < LEAST_PLOT)
    throw new UserError({
      where: 'height',
      expected: `room for the plot below a title and legend of about ${(above * scale).toFixed(1)} inches`,
      found: `${print.height} inches`,
      todo: 'Leave the height out, or shorten the names.',
    })
  const { legend, ...rest } = layout
  const placed = {
    template: printTemplate(print.family, print.grid),
    margin: { ...printMargin, t: printMargin.t + title },
    // Below the title; plotly moves the plot below the legend.
    legend: { y: 1 - title / height, ...(legend as object | undefined) },
  }
  return {
    figure: { data, layout: { ...placed, ...rest, width, height } },
    inches: { width: print.width, height: height * scale },
  }
}

/** Returns height by width: that of the figure's own size, else a wide one for a wide figure. */
function ratioOf({ layout }: Figure, inches: number): number {
  const [width, height] = [numberOf(layout.width), numberOf(layout.height)]
  if (width !== null && height !== null) return height / width
  return inches > WIDE_INCHES ? WIDE_RATIO : RATIO
}

/** Pixels between the edge of a figure for a venue and its text. */
const EDGE = 8

/** Least height of its plot with the axis, in pixels. */
const LEAST_PLOT = 80

/** Pixels of a row of its legend, or of its title. */
const PRINT_ROW = 20

/** Width of a letter of {@link TYPE_SIZE}, on average, and of a legend's line beside a name, in pixels. */
const LETTER = 6.4
const LEGEND_LINE = 48

/** Returns a figure whose title and legend fit in its width. */
function brokenLabels({ data, layout }: Figure, width: number): Figure {
  const room = width - 2 * EDGE
  const title = titleText(layout.title)
  return {
    // On paper no click hides a group of traces, and groups stand in columns of their own.
    data: data.map(({ legendgroup: _, ...trace }) =>
      typeof trace.name === 'string' ? { ...trace, name: broken(trace.name, room - LEGEND_LINE) } : trace,
    ),
    layout: title === '' ? layout : { ...layout, title: { ...(layout.title as object), text: broken(title, room) } },
  }
}

/** Breaks a label between words where it is wider than the room, in pixels. */
function broken(label: string, room: number): string {
  const most = Math.max(8, Math.floor(room / LETTER))
  const made: string[] = ['']
  for (const word of label.split(' ')) {
    const line = made.at(-1)!
    if (line !== '' && shownLength(line) + 1 + shownLength(word) > most) made.push(word)
    else made[made.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return made.join('<br>')
}

/** Returns the number of letters that a label shows. */
function shownLength(label: string): number {
  return label.replace(/<[^>]*>/g, '').replace(/&#?\w+;/g, '.').length
}

function lines(label: string): number {
  return label === '' ? 0 : label.split('<br>').length
}

function titleText(title: unknown): string {
  const text = typeof title === 'object' && title !== null ? (title as { text?: unknown }).text : title
  return typeof text === 'string' ? text : ''
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
 * Returns the maximum number of rows of plotly's legend, in columns as wide as the widest name. Plotly does not move the title out of the way. The width of a letter depends on the reader's fonts.
 */
function legendRows(data: readonly Trace[], width: number): number {
  const widths = nameWidths(data)
  if (widths.length < 2) return 0
  const room = width - houseMargin.l - houseMargin.r
  const tallest = Math.max(...legendNames(data).map(lines))
  return tallest * Math.ceil(widths.length / Math.max(1, Math.floor(room / Math.max(...widths))))
}

/** Returns the width of each name of a legend with its line, in pixels, in a wide font. */
function nameWidths(data: readonly Trace[]): number[] {
  return legendNames(data).map((name) => LEGEND_LINE + 8 * Math.max(...name.split('<br>').map(shownLength)))
}

function legendNames(data: readonly Trace[]): string[] {
  return data
    .filter(({ name, showlegend }) => typeof name === 'string' && showlegend !== false)
    .map(({ name }) => String(name))
}

/** Returns whether a figure is two plots side by side. */
function isPair({ layout }: Figure): boolean {
  return layout.xaxis2 !== undefined
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null
}
