import { inflateSync } from 'node:zlib'

/** A picture's pixels, row by row, three bytes each. */
export interface Pixels {
  readonly width: number
  readonly height: number
  /** `[height · width · 3]` red, green, blue. */
  readonly rgb: Uint8Array
}

const SIGNATURE = 8
/** Bytes of a pixel by the header's colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 2: 3, 6: 4 }

/**
 * Returns the pixels of a PNG as browsers write it: 8 bits a channel, not interlaced, RGB or RGBA. Transparency is ignored.
 *
 * @throws RangeError for another kind of PNG.
 */
export function pixelsOfPng(png: Uint8Array): Pixels {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength)
  const data: Buffer[] = []
  for (let at = SIGNATURE; at < bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at)
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(bytes.subarray(at + 8, end))
    at = end + 4
  }
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const [depth, type, interlaced] = [bytes[24]!, bytes[25]!, bytes[28]!]
  const channels = CHANNELS[type]
  if (depth !== 8 || channels === undefined || interlaced !== 0)
    throw new RangeError(`expected 8-bit RGB or RGBA, found ${depth} bits of type ${type}, interlace ${interlaced}`)
  const rows = inflateSync(Buffer.concat(data))
  const stride = width * channels
  const rgb = new Uint8Array(width * height * 3)
  let above = new Uint8Array(stride)
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1)
    const row = Uint8Array.from(rows.subarray(start + 1, start + 1 + stride))
    unfilter(rows[start]!, row, above, channels)
    for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++) rgb[(y * width + x) * 3 + c] = row[x * channels + c]!
    above = row
  }
  return { width, height, rgb }
}

/** Undoes a row's filter (PNG specification, section 9), in place. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, channels: number): void {
  for (let i = 0; i < row.length; i++) {
    const left = i >= channels ? row[i - channels]! : 0
    const up = above[i]!
    const upLeft = i >= channels ? above[i - channels]! : 0
    row[i]! += [0, left, up, (left + up) >> 1, nearest(left, up, upLeft)][filter]!
  }
}

/** Returns the neighbour that is nearest to left + up − upLeft (Paeth). */
function nearest(left: number, up: number, upLeft: number): number {
  const guess = left + up - upLeft
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - upLeft)]
  if (a <= b && a <= c) return left
  return b <= c ? up : upLeft
}
