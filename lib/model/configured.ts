import { fillModelKeys } from '../config/model-keys.js'
import type { ResolvedConfig } from '../config/resolved.js'
import { checkShape, type ModelShape } from './shape.js'

/**
 * Returns the shape of the model that a resolved configuration defines on data of these sizes.
 *
 * @throws UserError if its sizes are incompatible.
 */
export function configuredShape(
  { model, training }: Pick<ResolvedConfig, 'model' | 'training'>,
  sizes: Pick<ModelShape, 'puzzleIdentifiers' | 'vocabSize' | 'seqLen'>,
): ModelShape {
  const shape: ModelShape = {
    ...fillModelKeys(model),
    freeze: training.freeze,
    recursion: model.recursion ?? null,
    mixer: model.mixer,
    hidden: model.hidden,
    heads: model.heads,
    layers: model.layers,
    expansion: model.expansion,
    K: model.K,
    puzzleIdentifiers: sizes.puzzleIdentifiers,
    vocabSize: sizes.vocabSize,
    seqLen: sizes.seqLen,
  }
  checkShape(shape)
  return shape
}
