import type { DatasetManifest } from '../data/dataset.js'
import { UserError } from '../errors.js'
import type { ModelShape } from '../model/shape.js'
import { type Model, modelFromTensors } from '../model/weights.js'
import { checkTensors, fitPuzzleTable, type PuzzleFit } from '../model/weights-check.js'
import { shapeOfWeights, type WeightsFile } from '../model/weights-file.js'

/**
 * A model out of a file's weights for a data set.
 *
 * @param shape the model wanted; default the one that the file describes
 * @param fit how a puzzle embedding with another number of rows is made to fit; by default that is an error
 * @returns the model, and what was done to the weights, one sentence each
 * @throws UserError when the weights do not fit the model, or the model the data.
 */
export function modelOfWeights(
  file: WeightsFile,
  manifest: DatasetManifest,
  fit?: PuzzleFit,
  shape: ModelShape = shapeForData(file, manifest),
): { model: Model; notes: string[] } {
  const fitted =
    fit && shape.puzzleDim > 0
      ? fitPuzzleTable(file.tensors, shape.puzzleIdentifiers, fit)
      : { tensors: file.tensors, note: null }
  checkTensors(shape, fitted.tensors, file.file)
  return { model: modelFromTensors(shape, fitted.tensors), notes: fitted.note === null ? [] : [fitted.note] }
}

function shapeForData(file: WeightsFile, manifest: DatasetManifest): ModelShape {
  const shape = shapeOfWeights(file, manifest.seqLen)
  if (shape.vocabSize !== manifest.vocabSize)
    throw new UserError({
      where: file.file,
      expected: `a vocabulary of ${manifest.vocabSize} tokens, as the data set has`,
      found: `one of ${shape.vocabSize}`,
      todo: 'Name the data set that the weights are for with data=DIR.',
    })
  return { ...shape, puzzleIdentifiers: manifest.puzzleIdentifiers }
}
