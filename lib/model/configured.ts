import { modelKeys } from '../config/model-keys.js'
import type { Config } from '../config/schema.js'
import { checkShape, type ModelShape } from './shape.js'

/**
 * The model that a configuration means on data of these sizes.
 *
 * @throws UserError when its keys or sizes do not fit together.
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
