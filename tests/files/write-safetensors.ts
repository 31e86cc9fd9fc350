import { safetensorsPieces } from '../../lib/files/safetensors.js'

/** Returns tensors and metadata as a safetensors file in one piece. */
export function writeSafetensors(...content: Parameters<typeof safetensorsPieces>): Buffer {
  return Buffer.concat(safetensorsPieces(...content))
}
