import { createHash } from 'node:crypto'
import { type Figure, plainFigure } from './figure.js'
import { paperForm } from './forms.js'
import { drawWithKaleido } from './kaleido.js'

/** File formats of a figure. */
export type StaticFormat = 'svg' | 'png' | 'pdf'

/**
 * Returns a drawing of a figure, made without a screen: SVG as text, PNG (twice the resolution) and PDF as bytes. The
 * output is deterministic. Without a size in its layout, a figure is 700 × 420 pixels.
 *
 * @throws UserError if kaleido is missing, or the figure holds a value that cannot be drawn.
 */
export function renderFigure(figure: Figure, format: 'svg'): Promise<string>
export function renderFigure(figure: Figure, format: 'png' | 'pdf'): Promise<Uint8Array>
export function renderFigure(figure: Figure, format: StaticFormat): Promise<string | Uint8Array>
export async function renderFigure(figure: Figure, format: StaticFormat): Promise<string | Uint8Array> {
  const formed = paperForm(plainFigure(figure))
  const result = await drawWithKaleido({
    data: withUids(formed),
    format,
    width: Number(formed.layout.width),
    height: Number(formed.layout.height),
    scale: format === 'png' ? 2 : 1,
  })
  if (format === 'svg') return settleSvg(result, formed)
  const bytes = Buffer.from(result, 'base64')
  return format === 'pdf' ? withoutTime(bytes) : bytes
}

/** Fixes the dates, so that a figure always gives the same file; their length stays, since a PDF has byte offsets. */
function withoutTime(pdf: Buffer): Buffer {
  const text = pdf.toString('latin1')
  return Buffer.from(
    text.replace(/\/(CreationDate|ModDate) \(D:(\d{14})/g, (_, key: string) => `/${key} (D:20000101000000`),
    'latin1',
  )
}

/** Names every trace; plotly.js otherwise gives it a random name. */
function withUids(figure: Figure): Figure {
  return { ...figure, data: figure.data.map((trace, i) => ({ uid: `t${i}`, ...trace })) }
}

/**
 * Makes the SVG deterministic, and its ids unique between figures of one HTML page, so that they do not share clipping
 * paths. plotly.js puts a random word into ids, which is replaced by a hash of the figure, and orders attributes by what
 * the browser drew before, so they are sorted.
 */
function settleSvg(svg: string, figure: Figure): string {
  const random = /id="defs-([0-9a-f]{6})"/.exec(svg)?.[1]
  const own = createHash('sha256').update(JSON.stringify(figure)).digest('hex').slice(0, 10)
  const settled = random === undefined ? svg : svg.replaceAll(random, own)
  return settled.replace('style=""', 'style="max-width: 100%; height: auto"').replace(TAG, sortAttributes)
}

const TAG = /<([\w:-]+)((?:\s+[\w:-]+="[^"]*")+)/g

function sortAttributes(_: string, name: string, attributes: string): string {
  const each = attributes.match(/[\w:-]+="[^"]*"/g) ?? []
  return `<${name} ${each.sort().join(' ')}`
}
