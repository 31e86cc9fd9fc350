import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { configuredShape } from '../../lib/model/configured.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { type HostTensor, initialTensors } from '../../lib/model/weights.js'

/** A small configuration; SwiGLUs are 256 wide at least, so no model is smaller than some thousand numbers. */
export const SMALL: ConfigInput = {
  mixer: 'attention',
  hidden: 4,
  heads: 2,
  layers: 1,
  T: 2,
  n: 3,
  K: 4,
  puzzleTokens: 2,
}

export const SIZES = { vocabSize: 5, seqLen: 6, puzzleIdentifiers: 3 }

/** The shape that a configuration means on {@link SIZES}. */
export function shapeOf(config: ConfigInput): ModelShape {
  return configuredShape(resolveConfig(parseConfig(config)), SIZES)
}

/** Fresh tensors of a configuration; the puzzle embedding is not zero, as if it had been trained. */
export function tensorsOf(config: ConfigInput, seed = 0): Map<string, HostTensor> {
  const tensors = initialTensors(shapeOf(config), seed)
  tensors.get('puzzle_emb.weights')?.data.forEach((_, i, data) => {
    data[i] = (i % 7) / 8 + seed
  })
  return tensors
}

/** Tensors with something before their names. */
export function prefixed(prefix: string, tensors: Iterable<readonly [string, HostTensor]>): [string, HostTensor][] {
  return [...tensors].map(([name, tensor]) => [prefix + name, tensor])
}
