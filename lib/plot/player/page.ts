import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { escapeXml } from '../../escape/xml.js'
import { BESIDE } from '../puzzle-svg.js'
import type { PlayerData, PlayerPosition } from './data.js'
import { answerSvg, describeFrame, frameSvg } from './frame.js'
import { playerScript } from './script.js'

/** Class of the element that holds a player. */
export const PLAYER_CLASS = 'recurlab-player'

/** Most small boards below a still. */
const MOST_SMALL = 32
/** Longer side of a small board, in pixels. */
const SMALL = 84

/** Returns the position at the end of a recording. */
export function lastPosition({ frames }: PlayerData): PlayerPosition {
  return { frame: frames.length - 1, by: 'step', latent: 1, map: 0, cell: -1 }
}

/**
 * Returns a player as HTML without a script: the last step, and the answer after every step in small. The picture of the
 * last step carries the recording, from which {@link playerScript} makes the player.
 */
export function playerHtml(data: PlayerData): string {
  const at = lastPosition(data)
  const still = frameSvg(data, at, BESIDE, `<metadata>${packed(data)}</metadata>`)
  const every = Math.ceil(data.steps.length / MOST_SMALL)
  const small = data.steps.flatMap((_, i) => {
    const step = i + 1
    if (step % every !== 0 && step !== data.steps.length) return []
    const there: PlayerPosition = { ...at, frame: step * data.updates }
    const words = describeFrame(data, there)
    return [
      `<span style="display: inline-block; margin: 4px; text-align: center; color: ${BESIDE}">${image(answerSvg(data, there, SMALL), words)}<br>${step}</span>`,
    ]
  })
  return `<div class="${PLAYER_CLASS}">${image(still, `${data.title}. ${describeFrame(data, at)}`)}<div>${small.join('')}</div></div>`
}

/** Returns a player as HTML that operates itself. */
export function playerHtmlWithScript(data: PlayerData): string {
  return playerHtml(data).replace(/<\/div>$/, `<script>${playerScript()}</script></div>`)
}

/**
 * Returns a page with the player's script if it shows players, and allows that script alone in the page's policy.
 *
 * @param page HTML without scripts, with a policy that allows none
 */
export function withPlayerScript(page: string): string {
  if (!page.includes(`class="${PLAYER_CLASS}"`)) return page
  const script = playerScript()
  const hash = createHash('sha256').update(script).digest('base64')
  return page
    .replace("default-src 'none';", `default-src 'none'; script-src 'sha256-${hash}';`)
    .replace(/<\/body>(?![\s\S]*<\/body>)/, () => `<script>${script}</script></body>`)
}

/** Returns a page of its own with one player. */
export function playerPage(data: PlayerData): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
  const style =
    ':root { color-scheme: light dark } body { margin: 12px auto; max-width: 880px; font-family: Helvetica, Arial, sans-serif; font-size: 13px }'
  const notes = data.notes.map((note) => `<p>${escapeXml(note)}</p>`).join('')
  return withPlayerScript(
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>${escapeXml(data.title)}</title><style>${style}</style></head><body>${playerHtml(data)}${notes}</body></html>\n`,
  )
}

/** Returns a recording as JSON, gzipped, in base64. */
function packed(data: PlayerData): string {
  return gzipSync(JSON.stringify(data), { level: 9 }).toString('base64')
}

function image(svg: string, words: string): string {
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
  return `<img alt="${escapeXml(words)}" src="${source}" style="max-width: 100%">`
}
