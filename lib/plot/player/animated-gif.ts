import { encodeGif, type GifFrame } from '../drawing/gif.js'
import { pixelsOfPng } from '../drawing/pixels.js'
import { Picture, pictureFigure } from '../picture.js'
import { BESIDE } from '../puzzle-svg.js'
import { renderFigure } from '../static.js'
import { type AnimationOptions, animationOf, LAST } from './animated.js'
import type { PlayerData } from './data.js'
import { FRAME, frameSvg } from './frame.js'

/** Pixels per inch at which a frame has its own size. */
const DPI = 96

/**
 * Returns a recording as an animated GIF on white, for slides that do not play SVG. A frame takes about 0.2 s to draw.
 *
 * @throws UserError if there is nothing to draw with.
 */
export async function animatedGif(data: PlayerData, options: AnimationOptions = {}): Promise<Uint8Array> {
  const { positions, seconds } = animationOf(data, options)
  const frames: GifFrame[] = []
  for (const [i, at] of positions.entries()) {
    const picture = pictureFigure(new Picture(frameSvg(data, at, BESIDE), ''))
    const png = await renderFigure(picture, 'png', { dpi: DPI })
    const isLast = i === positions.length - 1
    frames.push({ pixels: pixelsOfPng(png), seconds: isLast ? LAST * seconds : seconds })
  }
  if (frames.some(({ pixels }) => pixels.width !== FRAME.width)) throw new Error('a frame was drawn in another size')
  return encodeGif(frames)
}
