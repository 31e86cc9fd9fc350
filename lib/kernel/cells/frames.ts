import { deserialize, serialize } from 'node:v8'

/** Bytes of the length (uint32, little endian) before a value serialised by V8. */
const HEAD = 4

/** Returns a value as a frame. @throws DataCloneError for values that cannot be sent, such as a function */
export function encodeFrame(value: unknown): Buffer {
  const body = serialize(value)
  const frame = Buffer.allocUnsafe(HEAD + body.length)
  frame.writeUInt32LE(body.length)
  body.copy(frame, HEAD)
  return frame
}

/** Puts chunks of bytes together into values. */
export interface FrameReader {
  add(chunk: Buffer): void
  /** Returns the next complete value; undefined when more bytes are needed. */
  next(): { readonly value: unknown } | undefined
}

/** Creates a reader of one stream of frames. */
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
      // The chunks are joined only when a frame is complete: joining at every chunk would cost the square of its
      // length.
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
