import { createHash } from 'node:crypto'
import type { HostTensor } from './weights.js'

/** Returns the SHA-256 of the names, shapes and numbers of tensors, independent of their order in the file. */
export function hashWeights(tensors: ReadonlyMap<string, HostTensor>): string {
  const hash = createHash('sha256')
  for (const [name, { shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${JSON.stringify([name, shape])}\n`)
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}
