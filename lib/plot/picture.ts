import type { Figure } from './figure.js'
import { onWhite } from './puzzle-svg.js'

/** A drawing that needs no plotting library: SVG, with an equivalent text. */
export class Picture {
  /** A complete `<svg>` element with `width` and `height`, for any background. */
  readonly svg: string
  /** Shown where pictures cannot be. */
  readonly text: string

  constructor(svg: string, text: string) {
    this.svg = svg
    this.text = text
  }

  /** Returns the notebook display. */
  [Symbol.for('Jupyter.display')](): Readonly<Record<string, string>> {
    return { 'image/svg+xml': this.svg, 'text/plain': this.text }
  }
}

/** Returns whether a value is a {@link Picture}, from any instance of this module. */
export function isPicture(value: unknown): value is Picture {
  if (typeof value !== 'object' || value === null) return false
  const { svg, text } = value as Partial<Picture>
  return typeof svg === 'string' && typeof text === 'string' && svg.startsWith('<svg')
}

/** Returns a picture as a figure, so that it can be drawn as PNG and PDF. */
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
