import { modelKeys } from '../config/model-keys.js'
import type { Config } from '../config/schema.js'
import { checkShape, type ModelShape } from './shape.js'

/**
 * Returns the shape of the model that a configuration defines on data of these sizes.
 *
 * @throws UserError if its keys or sizes are incompatible.
 */
export function configuredShape(
  config: Config,
  sizes: Pick<ModelShape, 'puzzleIdentifiers' | 'vocabSize' | 'seqLen'>,
): ModelShape {
  const shape: ModelShape = {
    ...modelKeys(config),
    freeze: config.freeze,
    recursion: config.recursion,
    mixer: config.mixer,
    hidden: config.hidden,
    heads: config.heads,
    layers: config.layers,
    expansion: config.expansion,
    K: config.K,
    puzzleIdentifiers: sizes.puzzleIdentifiers,
    vocabSize: sizes.vocabSize,
    seqLen: sizes.seqLen,
  }
  checkShape(shape)
  return shape
}
