import type { ConfigInput } from '../config/schema.js'
import { writeFileAtomic } from '../files/atomic.js'
import { sealedPieces } from '../files/sealed.js'
import type { WeightsSizes } from './weights-config.js'
import { type NamedTensors, WEIGHTS_FORMAT } from './weights-format.js'

/** The metadata of a file of weights. */
export interface WeightsToWrite {
  /** Tensors by their published names. */
  readonly tensors: NamedTensors
  readonly config: ConfigInput
  readonly sizes: WeightsSizes
  readonly weights: 'ema' | 'live' | 'saved'
  readonly dataHash: string | null
  readonly step: number | null
}

/**
 * Writes weights as safetensors with the published names, atomically; the metadata holds format, configuration, sizes,
 * data hash and step, and a checksum. Equal content gives equal bytes.
 *
 * @throws UserError when the file cannot be written; an old one is then unchanged.
 */
export function writeWeightsFile(
  file: string,
  { tensors, config, sizes, weights, dataHash, step }: WeightsToWrite,
): void {
  const metadata = {
    config: JSON.stringify(config),
    ...(dataHash === null ? {} : { dataHash }),
    format: WEIGHTS_FORMAT,
    sizes: JSON.stringify(sizes),
    ...(step === null ? {} : { step: String(step) }),
    weights,
  }
  writeFileAtomic(file, sealedPieces(tensors, metadata))
}
