import { type FontFamily, familyList } from './drawing/fonts.js'

/**
 * The hues of Okabe and Ito's palette, which is safe for any kind of colour blindness ("Color Universal Design", 2008),
 * without its black and its yellow, at six lightnesses, L* 32 to 72 in steps of 8: printed in grey they stay apart, and
 * neighbours in this order differ by at least 8. The least difference (ΔE) of two colours, over normal vision and the
 * three kinds of colour blindness, is 17; of the original six it is 16.
 */
const palette = ['#02639B', '#CF8F02', '#0B9970', '#BC5303', '#31BDFF', '#8D1564'] as const

/** Grey of published numbers, so that they never look like measured ones. */
export const reportedColor = '#8C8C8C'

/** Lines between a mark and any background. */
export const outlineColor = '#6E6E6E'

/** Returns the palette's i-th colour, cyclically. */
export function colorOf(i: number): string {
  return palette[i % palette.length]!
}

/** A dash pattern of plotly. */
export type Dash = 'solid' | 'dash' | 'dot' | 'dashdot' | 'longdash' | 'longdashdot'

const dashes: readonly Dash[] = ['solid', 'dash', 'dot', 'dashdot', 'longdash', 'longdashdot']

/** A marker symbol of plotly. */
export type MarkerSymbol = 'circle' | 'square' | 'diamond' | 'triangle-up' | 'cross' | 'x'

const markers: readonly MarkerSymbol[] = ['circle', 'square', 'diamond', 'triangle-up', 'cross', 'x']

/**
 * Returns the dash pattern of the i-th line. Every line has its own beside its colour, and once the palette starts again
 * the patterns are shifted by one, so that 36 lines differ.
 */
export function dashOf(i: number): Dash {
  return dashes[shifted(i) % dashes.length]!
}

/** Returns the marker symbol of the i-th series, which differs as {@link dashOf} does. */
export function markerOf(i: number): MarkerSymbol {
  return markers[shifted(i) % markers.length]!
}

function shifted(i: number): number {
  return i + Math.floor(i / palette.length)
}

/** Returns a colour `#RRGGBB` with an opacity in [0, 1]. */
export function withOpacity(color: string, opacity: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  return `rgba(${r}, ${g}, ${b}, ${opacity})`
}

/** Pixels around the plot. */
export const houseMargin = { l: 70, r: 24, t: 76, b: 60 } as const

/** Pixels around the plot of a figure for a venue; titles, ticks and the legend add what they need. */
export const printMargin = { l: 44, r: 10, t: 12, b: 36 } as const

/** Size of the type in pixels; a figure for a venue is scaled so that this becomes the venue's. */
export const TYPE_SIZE = 13

/** Colours that differ between paper and screen. */
interface Ink {
  readonly text: string
  readonly axis: string
  readonly grid: string
  readonly ground: string
}

function template({ text, axis: line, grid, ground }: Ink) {
  const axis = {
    showline: true,
    linecolor: line,
    ticks: 'outside',
    tickcolor: line,
    gridcolor: grid,
    zeroline: false,
    automargin: true,
    title: { standoff: 10 },
  }
  return {
    layout: {
      font: { family: familyList('Arimo'), size: TYPE_SIZE, color: text },
      // In pixels from the top, so that the legend of a tall figure does not run into it.
      title: { x: 0.02, xanchor: 'left', y: 1, yanchor: 'top', pad: { t: 12 }, font: { size: 16 } },
      colorway: [...palette],
      paper_bgcolor: ground,
      plot_bgcolor: ground,
      margin: houseMargin,
      legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.02, yanchor: 'bottom' },
      hovermode: 'closest',
      xaxis: axis,
      yaxis: axis,
    },
  }
}

const paperInk: Ink = { text: '#222222', axis: '#444444', grid: '#E6E6E6', ground: '#FFFFFF' }

/** The plotly template of exported figures. */
export const paperTemplate = template(paperInk)

/** Returns the plotly template of figures for a venue: one size of type, no room that is not needed. */
export function printTemplate(family: FontFamily, grid: boolean): object {
  const font = { size: TYPE_SIZE }
  const axis = { title: { font, standoff: 6 }, ticklen: 4, showgrid: grid }
  const { layout } = template({ ...paperInk, text: '#000000' })
  return {
    layout: {
      ...layout,
      font: { ...layout.font, family: familyList(family) },
      title: { ...layout.title, x: 0, xref: 'container', y: 1, pad: { l: 4, t: 6 }, font: { ...font, weight: 'bold' } },
      margin: printMargin,
      legend: {
        ...layout.legend,
        xref: 'container',
        yref: 'container',
        y: 1,
        yanchor: 'top',
        traceorder: 'normal',
        // Else plotly cuts off what is longer than half of the figure.
        maxheight: 1,
        font,
      },
      xaxis: { ...layout.xaxis, ...axis },
      yaxis: { ...layout.yaxis, ...axis },
    },
  }
}

/**
 * The plotly template of figures on a screen, for any background. The grey of the text has the same contrast, 4.3, with
 * white and with the dark theme's #111111.
 */
export const screenTemplate = template({
  text: '#797979',
  axis: '#797979',
  grid: 'rgba(128, 128, 128, 0.25)',
  ground: 'rgba(0, 0, 0, 0)',
})
