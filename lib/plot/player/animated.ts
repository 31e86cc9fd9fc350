import { escapeXml } from '../../escape/xml.js'
import { BESIDE, onWhite } from '../puzzle-svg.js'
import type { PlayerData, PlayerPosition } from './data.js'
import { describeFrame, frameBody, svgStart } from './frame.js'
import { lastPosition } from './page.js'

/** How a recording is animated. */
export interface AnimationOptions {
  /** Whether each picture shows a supervision step or an update. Default: step. */
  readonly by?: PlayerPosition['by']
  /** Seconds that a picture stays. Default: 0.8 for a step, 0.2 for an update. The last one stays three times as long. */
  readonly seconds?: number
}

/** The pictures of an animation with the times at which they appear. */
export interface Animation {
  readonly positions: readonly PlayerPosition[]
  /** Seconds of a picture; the last takes {@link LAST} times as many. */
  readonly seconds: number
}

/** How many times as long as the others the last picture stays. */
export const LAST = 3

/** Returns the positions that an animation shows. */
export function animationOf(data: PlayerData, { by = 'step', seconds }: AnimationOptions = {}): Animation {
  const every = by === 'step' ? data.updates : 1
  const count = Math.floor((data.frames.length - 1) / every) + 1
  const positions = Array.from({ length: count }, (_, i) => ({ ...lastPosition(data), by, frame: i * every }))
  return { positions, seconds: seconds ?? (by === 'step' ? 0.8 : 0.2) }
}

/**
 * Returns a recording as one SVG that plays by itself, without a script (SMIL), on white: the frames lie on one another, and
 * each is visible in its turn. Where animations are not played, the last frame is shown.
 */
export function animatedSvg(data: PlayerData, options: AnimationOptions = {}): string {
  const { positions, seconds } = animationOf(data, options)
  const total = positions.length - 1 + LAST
  const frames = positions.map((at, i) => {
    const isLast = i === positions.length - 1
    const [from, to] = [i / total, isLast ? 1 : (i + 1) / total]
    const [values, times] =
      i === 0
        ? ['visible;hidden', `0;${fraction(to)}`]
        : isLast
          ? ['hidden;visible', `0;${fraction(from)}`]
          : ['hidden;visible;hidden', `0;${fraction(from)};${fraction(to)}`]
    const animate = `<animate attributeName="visibility" calcMode="discrete" dur="${fraction(total * seconds)}s" repeatCount="indefinite" values="${values}" keyTimes="${times}"/>`
    return `<g visibility="${isLast ? 'visible' : 'hidden'}">${animate}${frameBody(data, at, BESIDE)}</g>`
  })
  const words = `<title>${escapeXml(data.title)}</title><desc>${escapeXml(describeFrame(data, lastPosition(data)))}</desc>`
  return `${onWhite(svgStart())}${words}${frames.join('\n')}</svg>\n`
}

function fraction(value: number): number {
  return Number(value.toFixed(5))
}
