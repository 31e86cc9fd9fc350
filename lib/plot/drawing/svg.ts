import { createHash } from 'node:crypto'
import { escapeXml } from '../../escape/xml.js'
import type { Figure } from '../figure.js'

/** Parts that are added to the start of an SVG. */
export interface SvgStamp {
  /** Text that screen readers read in place of the picture. */
  readonly description: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Rules for fonts; empty for none. */
  readonly css: string
  /** Width and height in CSS units; null: as laid out, shrinking with the page. */
  readonly inches: { readonly width: number; readonly height: number } | null
}

/**
 * Makes the SVG deterministic, and its ids unique between figures of one HTML page, so that they do not share clipping
 * paths. plotly.js puts a random word into ids, which is replaced by a hash of the figure, and orders attributes by what
 * the browser drew before, so they are sorted.
 */
export function settleSvg(svg: string, figure: Figure): string {
  const random = /id="defs-([0-9a-f]{6})"/.exec(svg)?.[1]
  const own = createHash('sha256').update(JSON.stringify(figure)).digest('hex').slice(0, 10)
  const settled = random === undefined ? svg : svg.replaceAll(random, own)
  return settled.replace(TAG, sortAttributes)
}

/** Adds description, metadata, fonts and size to an SVG of plotly.js. */
export function stampSvg(svg: string, { description, metadata, css, inches }: SvgStamp): string {
  const [start = ''] = /^<svg[^>]*>/.exec(svg) ?? []
  const sized =
    inches === null
      ? start.replace('style=""', 'style="max-width: 100%; height: auto"')
      : start
          .replace(' style=""', '')
          .replace(/ width="[^"]*"/, ` width="${inches.width}in"`)
          .replace(/ height="[^"]*"/, ` height="${Number(inches.height.toFixed(6))}in"`)
  const parts = [
    ...(description === '' ? [] : [`<desc>${escapeXml(description)}</desc>`]),
    `<metadata>${escapeXml(JSON.stringify(metadata))}</metadata>`,
    ...(css === '' ? [] : [`<style>${css}</style>`]),
  ]
  return `${sized}${parts.join('')}${svg.slice(start.length)}`
}

const TAG = /<([\w:-]+)((?:\s+[\w:-]+="[^"]*")+)/g

function sortAttributes(_: string, name: string, attributes: string): string {
  const each = attributes.match(/[\w:-]+="[^"]*"/g) ?? []
  return `<${name} ${each.sort().join(' ')}`
}
