import { crc32 } from 'node:zlib'

const SIGNATURE = 8
const INCH_METRES = 0.0254

/**
 * Returns a PNG with its resolution (chunk pHYs) and texts (tEXt, or iTXt for letters outside Latin-1), which replace its
 * own.
 *
 * @param dpi pixels per inch
 * @param texts by keyword of up to 79 letters, e.g. `Title`
 */
export function stampPng(png: Uint8Array, dpi: number, texts: Readonly<Record<string, string>>): Buffer {
  const bytes = Buffer.from(png)
  const kept: Buffer[] = []
  for (let at = SIGNATURE; at < bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (!['pHYs', 'tEXt', 'iTXt', 'tIME'].includes(type)) kept.push(bytes.subarray(at, end))
    at = end
  }
  const [header = Buffer.alloc(0), ...rest] = kept
  const added = [resolution(dpi), ...Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text))]
  return Buffer.concat([bytes.subarray(0, SIGNATURE), header, ...added, ...rest])
}

/** Returns the chunk with pixels per metre in both directions. */
function resolution(dpi: number): Buffer {
  const data = Buffer.alloc(9)
  const perMetre = Math.round(dpi / INCH_METRES)
  data.writeUInt32BE(perMetre, 0)
  data.writeUInt32BE(perMetre, 4)
  data.writeUInt8(1, 8)
  return chunk('pHYs', data)
}

function textChunk(keyword: string, text: string): Buffer {
  return [...text].every((letter) => letter.codePointAt(0)! <= 0xff)
    ? chunk('tEXt', Buffer.concat([Buffer.from(`${keyword}\0`, 'latin1'), Buffer.from(text, 'latin1')]))
    : chunk('iTXt', Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text, 'utf8')]))
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const made = Buffer.alloc(body.length + 8)
  made.writeUInt32BE(data.length, 0)
  body.copy(made, 4)
  made.writeUInt32BE(crc32(body), body.length + 4)
  return made
}
