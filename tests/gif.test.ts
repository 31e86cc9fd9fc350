import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { encodeGif } from '../lib/plot/drawing/gif.js'
import { type Pixels, pixelsOfPng } from '../lib/plot/drawing/pixels.js'
import { Random } from '../lib/random.js'

function chunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length, 0)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, data, Buffer.alloc(4)])
}

/** A PNG of rows that are already filtered, each after the number of its filter. */
function png(width: number, rows: readonly (readonly number[])[], type: 2 | 6): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(rows.length, 4)
  header.set([8, type, 0, 0, 0], 8)
  return Buffer.concat([Buffer.alloc(8), chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.from(rows.flat())))])
}

test('the pixels of a PNG are read with each of its filters', () => {
  const rows = [
    [0, 10, 20, 30, 40, 50, 60],
    [1, 1, 2, 3, 4, 5, 6],
    [2, 1, 1, 1, 1, 1, 1],
    [3, 1, 1, 1, 1, 1, 1],
    [4, 1, 1, 1, 1, 1, 1],
  ]
  const { width, height, rgb } = pixelsOfPng(png(2, rows, 2))
  assert.deepEqual([width, height], [2, 5])
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((y) => [...rgb.subarray(y * 6, y * 6 + 6)]),
    [
      [10, 20, 30, 40, 50, 60],
      [1, 2, 3, 5, 7, 9],
      [2, 3, 4, 6, 8, 10],
      // 1 + ⌊(left + up) / 2⌋
      [2, 2, 3, 5, 6, 7],
      // Paeth: the first pixel from above, the second from left + up − upLeft.
      [3, 3, 4, 6, 7, 8],
    ],
  )
  assert.deepEqual([...pixelsOfPng(png(1, [[0, 1, 2, 3, 255]], 6)).rgb], [1, 2, 3])
  assert.throws(() => pixelsOfPng(png(1, [[0, 1]], 0 as 2)), RangeError)
})

/** The frames of a GIF as this encoder writes it, drawn over one another. */
function decodeGif(bytes: Uint8Array): {
  readonly width: number
  readonly frames: Uint8Array[]
  readonly delays: number[]
} {
  const [width, height] = [bytes[6]! | (bytes[7]! << 8), bytes[8]! | (bytes[9]! << 8)]
  const palette = bytes.subarray(13, 13 + 768)
  let at = 13 + 768 + 19
  const frames: Uint8Array[] = []
  const delays: number[] = []
  let canvas = new Uint8Array(width * height * 3)
  while (bytes[at] !== 0x3b) {
    delays.push(bytes[at + 4]! | (bytes[at + 5]! << 8))
    const transparent = bytes[at + 6]!
    at += 8 + 11
    const data: number[] = []
    for (; bytes[at] !== 0; at += bytes[at]! + 1) data.push(...bytes.subarray(at + 1, at + 1 + bytes[at]!))
    at++
    canvas = Uint8Array.from(canvas)
    for (const [i, index] of decompress(data).entries())
      if (index !== transparent) canvas.set(palette.subarray(index * 3, index * 3 + 3), i * 3)
    frames.push(canvas)
  }
  return { width, frames, delays }
}

function decompress(bytes: readonly number[]): number[] {
  let [bit, size] = [0, 9]
  const read = (): number => {
    let code = 0
    for (let i = 0; i < size; i++, bit++) code |= ((bytes[bit >> 3]! >> (bit & 7)) & 1) << i
    return code
  }
  let strings: number[][] = []
  const reset = (): void => {
    strings = Array.from({ length: 258 }, (_, i) => (i < 256 ? [i] : []))
    size = 9
  }
  const made: number[] = []
  let last: number[] | null = null
  for (;;) {
    const code = read()
    if (code === 257) return made
    if (code === 256) {
      reset()
      last = null
      continue
    }
    const string: number[] = strings[code] ?? [...last!, last![0]!]
    for (const value of string) made.push(value)
    if (last && strings.length < 4096) strings.push([...last, string[0]!])
    if (strings.length === 1 << size && size < 12) size++
    last = string
  }
}

test('an animated GIF is read as it was written, long frames and unchanged pixels too', () => {
  const random = Random.of(0, 'gif')
  const [width, height] = [150, 120]
  const noise = (): Pixels => ({
    width,
    height,
    // Colours that five bits a channel hold exactly.
    rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i % 3 === 2 ? 0 : [0, 132, 255][random.int(3)]!)),
  })
  const first = noise()
  const second: Pixels = {
    ...first,
    rgb: first.rgb.map((value, i) => (i < 300 ? 255 - (value === 132 ? 123 : value) : value)),
  }
  const flat: Pixels = { width, height, rgb: new Uint8Array(width * height * 3).fill(255) }
  const frames = [first, second, flat, noise()]
  const gif = encodeGif(frames.map((pixels, i) => ({ pixels, seconds: 0.5 + i })))
  assert.equal(Buffer.from(gif).toString('latin1', 0, 6), 'GIF89a')
  const read = decodeGif(gif)
  assert.equal(read.width, width)
  assert.deepEqual(read.delays, [50, 150, 250, 350])
  for (const [i, { rgb }] of frames.entries())
    assert.ok(Buffer.from(rgb).equals(Buffer.from(read.frames[i]!)), `frame ${i}`)
})

test('more colours than the palette holds take the nearest, and frames of several sizes are refused', () => {
  const rgb = Uint8Array.from(
    { length: 400 * 3 },
    (_, i) => [8 * (Math.floor(i / 3) % 32), 8 * Math.floor(i / 96), 0][i % 3]!,
  )
  const [frame] = decodeGif(encodeGif([{ pixels: { width: 20, height: 20, rgb }, seconds: 1 }])).frames
  const most = Math.max(...rgb.map((value, i) => Math.abs(value - frame![i]!)))
  // The palette has the colours up to 19 of 31 in red; the others are at most 12 away, 8 or 9 each.
  assert.ok(most > 0 && most < 100, String(most))
  const one = { width: 1, height: 1, rgb: new Uint8Array(3) }
  assert.throws(
    () =>
      encodeGif([
        { pixels: one, seconds: 1 },
        { pixels: { ...one, width: 3, rgb: new Uint8Array(9) }, seconds: 1 },
      ]),
    RangeError,
  )
  assert.throws(() => encodeGif([]), RangeError)
})
