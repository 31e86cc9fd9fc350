import { createHash } from 'node:crypto'
import { type Figure, plainFigure } from './figure.js'
import { paperForm } from './forms.js'
import { drawWithKaleido } from './kaleido.js'

/** Forms that a figure can be drawn in. */
export type StaticFormat = 'svg' | 'png' | 'pdf'

/**
 * Draws a figure without a screen: SVG as text, PNG (twice the resolution) and PDF as bytes. The same figure gives the
 * same text and bytes.
 *
 * @throws UserError when kaleido is missing, or the figure holds what cannot be drawn.
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

/** Fixes the dates, so that a figure always gives the same file; their length stays, as a PDF has byte offsets. */
function withoutTime(pdf: Buffer): Buffer {
  const text = pdf.toString('latin1')
  return Buffer.from(
    text.replace(/\/(CreationDate|ModDate) \(D:(\d{14})/g, (_, key: string) => `/${key} (D:20000101000000`),
    'latin1',
  )
}

/** plotly.js names every trace at random unless it is told a name. */
function withUids(figure: Figure): Figure {
  return { ...figure, data: figure.data.map((trace, i) => ({ uid: `t${i}`, ...trace })) }
}

/**
 * The same figure shall always give the same text, and two figures in one HTML page must not use each other's
 * clipping paths. plotly.js puts a random word into ids, and the order of attributes depends on what the browser
 * drew before: the word is made from the figure instead, and attributes are sorted.
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
