import { deserialize, serialize } from 'node:v8'

/** A frame is its length (uint32, little endian) and a value as V8 serializes it. */
const HEAD = 4

/** One value as a frame. @throws DataCloneError for what cannot be sent, e.g. a function */
export function encodeFrame(value: unknown): Buffer {
  const body = serialize(value)
  const frame = Buffer.allocUnsafe(HEAD + body.length)
  frame.writeUInt32LE(body.length)
  body.copy(frame, HEAD)
  return frame
}

/** Puts chunks of bytes together to values again. */
export interface FrameReader {
  add(chunk: Buffer): void
  /** The next value that is there as a whole; undefined when more bytes are needed. */
  next(): { readonly value: unknown } | undefined
}

/** A reader of one stream of frames. */
export function createFrameReader(): FrameReader {
  let chunks: Buffer[] = []
  let bytes = 0
  let needed = HEAD
  return {
    add(chunk) {
      chunks.push(chunk)
      bytes += chunk.length
    },
    next() {
      // Only when a frame is whole are the chunks joined: joining at every chunk would cost the square of its length.
      if (bytes < needed) return undefined
      let joined = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      chunks = [joined]
      needed = HEAD + joined.readUInt32LE()
      if (bytes < needed) return undefined
      const value: unknown = deserialize(joined.subarray(HEAD, needed))
      joined = joined.subarray(needed)
      chunks = joined.length > 0 ? [joined] : []
      bytes = joined.length
      needed = HEAD
      return { value }
    },
  }
}
