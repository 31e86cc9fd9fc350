import { StringDecoder } from 'node:string_decoder'

/** Creates a decoder of the two streams' bytes. A character that is split between two writes waits for its second part. */
export function createDecoders(): (name: 'stdout' | 'stderr', bytes: Uint8Array) => string {
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  return (name, bytes) => decoders[name].write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}
