import { systemReason } from '../files/atomic.js'
import { type Figure, isFigure } from '../plot/figure.js'
import { isPicture, type Picture, pictureFigure } from '../plot/picture.js'
import { renderFigure } from '../plot/static.js'
import { currentHost, type MimeBundle } from './host.js'

/** The MIME type that nbconvert embeds in LaTeX, which has no SVG. */
const PDF = 'application/pdf'

let warned = false

/** Returns whether a value in a notebook also needs static forms. */
export function hasStills(value: unknown): value is Figure | Picture {
  return isFigure(value) || isPicture(value)
}

/** Returns the drawing of a figure; null, with a single warning, if it cannot be drawn. */
export async function drawing(figure: Figure): Promise<MimeBundle | null> {
  return attempt(async () => ({ 'image/svg+xml': await renderFigure(figure, 'svg') }))
}

/**
 * Returns the static forms of a figure or picture: SVG for GitHub and pages, PDF for LaTeX. Drawing takes 0.1 to 0.3 s, the
 * first time some seconds. Forms that cannot be drawn are omitted, with a single warning; null if all are.
 */
export async function stillsOf(value: Figure | Picture): Promise<MimeBundle | null> {
  const svg = isFigure(value) ? await drawing(value) : null
  if (isFigure(value) && svg === null) return null
  const page = isFigure(value) ? value : pictureFigure(value)
  const pdf = await attempt(async () => ({ [PDF]: Buffer.from(await renderFigure(page, 'pdf')).toString('base64') }))
  return svg === null && pdf === null ? null : { ...svg, ...pdf }
}

/**
 * Returns the static forms of a cell's last value, which cannot be replaced later: drawn only in headless runs.
 *
 * @returns null in a live notebook, and for a value that is neither figure nor picture
 */
export async function stillsOfResult(value: unknown): Promise<MimeBundle | null> {
  return currentHost()?.live === false && hasStills(value) ? stillsOf(value) : null
}

async function attempt(draw: () => Promise<MimeBundle>): Promise<MimeBundle | null> {
  try {
    return await draw()
  } catch (error) {
    if (!warned) process.stderr.write(`Figures have no static form: ${systemReason(error)}\n`)
    warned = true
    return null
  }
}
