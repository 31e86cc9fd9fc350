import { StringDecoder } from 'node:string_decoder'

/** Turns the bytes of the two streams into text; a character that a write cut in two waits for its rest. */
export function createDecoders(): (name: 'stdout' | 'stderr', bytes: Uint8Array) => string {
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  return (name, bytes) => decoders[name].write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}
