import type { Pixels } from './pixels.js'

/** One picture of an animation. */
export interface GifFrame {
  readonly pixels: Pixels
  /** Seconds that it stays. */
  readonly seconds: number
}

/** Colours of the palette; one more entry is transparent. */
const COLORS = 255
const TRANSPARENT = 255
/** Bits of the codes' alphabet. */
const BITS = 8
const MOST_CODES = 4096

/**
 * Returns an animated GIF (version 89a) that repeats for ever. All frames share a palette of the 255 most frequent colours,
 * rounded to five bits a channel; other colours take the nearest. A pixel that does not change is transparent, so that
 * frames of a drawing in which little moves are small.
 *
 * @throws RangeError unless all frames have one size.
 */
export function encodeGif(frames: readonly GifFrame[]): Uint8Array {
  const [first] = frames
  if (!first) throw new RangeError('expected at least one frame')
  const { width, height } = first.pixels
  if (frames.some(({ pixels }) => pixels.width !== width || pixels.height !== height))
    throw new RangeError('expected frames of one size')
  const palette = paletteOf(frames)
  const table = new Uint8Array((COLORS + 1) * 3)
  for (const [i, color] of palette.entries()) table.set(colorOf(color), i * 3)
  const parts: Uint8Array[] = [
    Buffer.from('GIF89a'),
    // The palette has 2^(7+1) entries.
    Uint8Array.of(...word(width), ...word(height), 0xf7, 0, 0),
    table,
    Uint8Array.of(0x21, 0xff, 11, ...Buffer.from('NETSCAPE2.0'), 3, 1, 0, 0, 0),
  ]
  const places = new Map<number, number>(palette.map((color, i) => [color, i]))
  let before: Uint8Array | null = null
  for (const { pixels, seconds } of frames) {
    const indices = indicesOf(pixels, palette, places)
    const last: Uint8Array | null = before
    const shown = last === null ? indices : indices.map((index, i) => (index === last[i] ? TRANSPARENT : index))
    parts.push(
      // Kept below the next frame, with a transparent colour.
      Uint8Array.of(0x21, 0xf9, 4, 0x05, ...word(Math.round(seconds * 100)), TRANSPARENT, 0),
      Uint8Array.of(0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0, BITS),
      blocks(compress(shown)),
    )
    before = indices
  }
  parts.push(Uint8Array.of(0x3b))
  return Buffer.concat(parts)
}

function word(value: number): [number, number] {
  return [value & 255, value >> 8]
}

/** Returns a colour in five bits a channel. */
function rounded(rgb: Uint8Array, at: number): number {
  return ((rgb[at]! >> 3) << 10) | ((rgb[at + 1]! >> 3) << 5) | (rgb[at + 2]! >> 3)
}

/** Returns a rounded colour in eight bits a channel: 31 becomes 255. */
function colorOf(color: number): [number, number, number] {
  return [color >> 10, (color >> 5) & 31, color & 31].map((five) => (five << 3) | (five >> 2)) as [
    number,
    number,
    number,
  ]
}

function paletteOf(frames: readonly GifFrame[]): number[] {
  const counts = new Uint32Array(1 << 15)
  for (const { pixels } of frames) for (let at = 0; at < pixels.rgb.length; at += 3) counts[rounded(pixels.rgb, at)]!++
  return Array.from(counts.keys())
    .filter((color) => counts[color]! > 0)
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
    .slice(0, COLORS)
}

/** Returns each pixel's index in the palette. @param places indices by colour, extended by colours not in it */
function indicesOf({ rgb }: Pixels, palette: readonly number[], places: Map<number, number>): Uint8Array {
  const indices = new Uint8Array(rgb.length / 3)
  for (let i = 0; i < indices.length; i++) {
    const color = rounded(rgb, i * 3)
    const place = places.get(color) ?? nearestOf(color, palette)
    places.set(color, place)
    indices[i] = place
  }
  return indices
}

function nearestOf(color: number, palette: readonly number[]): number {
  const wanted = colorOf(color)
  const distances = palette.map((other) => colorOf(other).reduce((sum, value, c) => sum + (value - wanted[c]!) ** 2, 0))
  return distances.indexOf(Math.min(...distances))
}

/** Compresses bytes by the variable-length LZW of GIF, codes packed with the lowest bit first. */
function compress(values: Uint8Array): Uint8Array {
  const [clear, end] = [1 << BITS, (1 << BITS) + 1]
  const bytes: number[] = []
  let [held, heldBits, width] = [0, 0, BITS + 1]
  const write = (code: number): void => {
    held |= code << heldBits
    heldBits += width
    while (heldBits >= 8) {
      bytes.push(held & 255)
      held >>>= 8
      heldBits -= 8
    }
  }
  // The code of a known string followed by a value, by string · 256 + value.
  let codes = new Map<number, number>()
  let next = end + 1
  write(clear)
  let string = values[0]!
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!
    const longer = codes.get(string * 256 + value)
    if (longer !== undefined) {
      string = longer
      continue
    }
    write(string)
    if (next < MOST_CODES) {
      codes.set(string * 256 + value, next)
      // The reader learns a code one write later.
      if (next++ === 1 << width) width++
    } else {
      write(clear)
      codes = new Map()
      next = end + 1
      width = BITS + 1
    }
    string = value
  }
  write(string)
  write(end)
  if (heldBits > 0) bytes.push(held & 255)
  return Uint8Array.from(bytes)
}

/** Divides bytes into blocks of at most 255, each after its length, and an empty one. */
function blocks(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.subarray(at, at + 255)
    parts.push(Uint8Array.of(block.length), block)
  }
  return Buffer.concat([...parts, Uint8Array.of(0)])
}
