import type { Figure } from './figure.js'
import { onWhite } from './puzzle-svg.js'

/** A drawing that needs no plotting library: SVG, and the same as text. */
export class Picture {
  /** A whole `<svg>` element with `width` and `height`, for any ground. */
  readonly svg: string
  /** For where no pictures can be shown. */
  readonly text: string

  constructor(svg: string, text: string) {
    this.svg = svg
    this.text = text
  }

  /** The notebook's view. */
  [Symbol.for('Jupyter.display')](): Readonly<Record<string, string>> {
    return { 'image/svg+xml': this.svg, 'text/plain': this.text }
  }
}

/** Whether a value is a {@link Picture}, of whichever instance of this module. */
export function isPicture(value: unknown): value is Picture {
  if (typeof value !== 'object' || value === null) return false
  const { svg, text } = value as Partial<Picture>
  return typeof svg === 'string' && typeof text === 'string' && svg.startsWith('<svg')
}

/** A picture on a figure's page, so that it can be drawn as PNG and PDF as figures are. */
export function pictureFigure({ svg }: Picture): Figure {
  const [, width, height] = /^<svg [^>]*\bwidth="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? []
  const size = { width: Number(width ?? 700), height: Number(height ?? 420) }
  const hidden = { visible: false }
  return {
    data: [],
    layout: {
      ...size,
      margin: { l: 0, r: 0, t: 0, b: 0 },
      xaxis: hidden,
      yaxis: hidden,
      images: [
        {
          source: `data:image/svg+xml;base64,${Buffer.from(onWhite(svg)).toString('base64')}`,
          xref: 'paper',
          yref: 'paper',
          x: 0,
          y: 1,
          sizex: 1,
          sizey: 1,
          sizing: 'stretch',
          layer: 'above',
        },
      ],
    },
  }
}
