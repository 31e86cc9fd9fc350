import { systemReason } from '../files/atomic.js'
import { type Figure, isFigure } from '../plot/figure.js'
import { isPicture, type Picture, pictureFigure } from '../plot/picture.js'
import { renderFigure } from '../plot/static.js'
import { currentHost, type MimeBundle } from './host.js'

/** What nbconvert puts into LaTeX, which knows no SVG. */
const PDF = 'application/pdf'

let warned = false

/** Whether a value that stays in a notebook is drawn for where it cannot be shown as it is. */
export function hasStills(value: unknown): value is Figure | Picture {
  return isFigure(value) || isPicture(value)
}

/** The drawing of a figure; null, with a warning once, when it cannot be drawn. */
export async function drawing(figure: Figure): Promise<MimeBundle | null> {
  return attempt(async () => ({ 'image/svg+xml': await renderFigure(figure, 'svg') }))
}

/**
 * What is added to a figure or picture that stays: SVG for GitHub and pages, PDF for LaTeX. It takes 0.1 to 0.3 s, the
 * first time some seconds. As much as can be drawn, with a warning once where that is not all; null for nothing.
 */
export async function stillsOf(value: Figure | Picture): Promise<MimeBundle | null> {
  const svg = isFigure(value) ? await drawing(value) : null
  if (isFigure(value) && svg === null) return null
  const page = isFigure(value) ? value : pictureFigure(value)
  const pdf = await attempt(async () => ({ [PDF]: Buffer.from(await renderFigure(page, 'pdf')).toString('base64') }))
  return svg === null && pdf === null ? null : { ...svg, ...pdf }
}

/**
 * The same for a cell's last value, which cannot be replaced later: only where nobody waits for it.
 *
 * @returns null where somebody may be watching, and for what is neither figure nor picture
 */
export async function stillsOfResult(value: unknown): Promise<MimeBundle | null> {
  return currentHost()?.live === false && hasStills(value) ? stillsOf(value) : null
}

async function attempt(draw: () => Promise<MimeBundle>): Promise<MimeBundle | null> {
  try {
    return await draw()
  } catch (error) {
    if (!warned) process.stderr.write(`Figures stay without their static form: ${systemReason(error)}\n`)
    warned = true
    return null
  }
}
