import { recordFunction } from '../../config/functions.js'
import { parseConfig } from '../../config/parse.js'
import type { Config } from '../../config/schema.js'
import type { DatasetManifest } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { checkTensors, fitPuzzleTable, type PuzzleFit } from '../../interop/weights-check.js'
import { shapeOfWeights, type WeightsFile } from '../../interop/weights-file.js'
import { checkDataFits } from '../../model/data-fit.js'
import { type Model, modelFromTensors } from '../../model/model.js'
import type { ModelShape } from '../../model/shape.js'
import type { CheckpointChoice } from '../../results/run.js'
import { readWeightsOf, type StoredWeights } from '../../results/weights-file.js'
import { firstNotFinite } from '../../train/finite.js'
import { checkFunctions, type RunFunctions } from './functions.js'

/** Which weights a call uses. */
export interface WeightsOptions extends Pick<RunFunctions, 'mixer'> {
  /** Folder that holds `runs`; default `results`, in a notebook the project's. */
  readonly resultsDir?: string
  /** The set of weights to use if there are two; default `ema`. */
  readonly weights?: 'ema' | 'live'
  /** Which of a run's checkpoints: the newest, the best evaluated one, or that of a step. Default `last`. */
  readonly checkpoint?: CheckpointChoice
  /** The configuration for a file without one (`all_config.yaml`, `config.json`). */
  readonly configFile?: string
}

/**
 * Reads the weights that a call names, with their configuration.
 *
 * @param runOrFile a file; else a run's folder, ID or a prefix of an ID; else a name of weights, e.g. `sudoku-6x6`
 * @param callOf returns the beginning of the call by the name of the weights, e.g. `evaluateRun('2026…', `, for the error
 * @throws UserError if the weights or their mixer are unavailable.
 */
export async function openWeights(
  runOrFile: string,
  { resultsDir, weights, checkpoint, configFile, mixer }: WeightsOptions,
  callOf: (name: string) => string,
): Promise<{ file: StoredWeights; config: Config }> {
  if (mixer) recordFunction('mixer', mixer)
  const file = await readWeightsOf(runOrFile, {
    ...(resultsDir === undefined ? {} : { resultsDir }),
    ...(weights === undefined ? {} : { weights }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(configFile === undefined ? {} : { config: configFile }),
  })
  const config = parseConfig(file.config)
  checkFunctions(config, mixer ? { mixer } : {}, ['mixer'], {
    where: file.run === null ? file.file : `run ${file.run}`,
    begins: callOf(file.run ?? runOrFile),
  })
  return { file, config }
}

/**
 * Returns a model with a file's weights for a data set.
 *
 * @param shape the model's shape; default: the one that the file describes
 * @param fit the replacement for the puzzle embedding's rows; by default they stay, and must be as many as the data set's
 * identifiers
 * @returns the model, and notes on changes to the weights, one sentence each
 * @throws UserError if the weights do not fit the model, the model does not fit the data, or a weight is NaN or infinite.
 */
export function modelOfWeights(
  file: WeightsFile,
  manifest: DatasetManifest,
  fit?: PuzzleFit,
  shape: ModelShape = shapeForData(file, manifest),
): { model: Model; notes: string[] } {
  const { tensors, notes } = fit ? withFittedTable(file, shape, fit) : { tensors: file.tensors, notes: [] }
  checkTensors(shape, tensors, file.file)
  checkFinite(file, tensors)
  return { model: modelFromTensors(shape, tensors).with({ task: manifest.task }), notes }
}

function withFittedTable(
  file: WeightsFile,
  { puzzleDim, puzzleIdentifiers }: ModelShape,
  fit: PuzzleFit,
): { tensors: WeightsFile['tensors']; notes: string[] } {
  if (puzzleDim === 0)
    throw new UserError({
      where: 'puzzleEmbedding',
      expected: 'nothing, as it would have no effect: the model has no puzzle embedding',
      found: fit,
      todo: 'Leave it out.',
      exitCode: 2,
    })
  const { tensors, note } = fitPuzzleTable(file.tensors, puzzleIdentifiers, fit)
  return { tensors, notes: [note] }
}

/**
 * Refuses the weights of a diverged run, whose predictions mean nothing.
 *
 * @throws UserError naming the first tensor that holds NaN or infinity.
 */
export function checkFinite({ file }: WeightsFile, tensors: WeightsFile['tensors']): void {
  const found = firstNotFinite([...tensors].map(([name, { data }]) => [name, data]))
  if (found === null) return
  throw new UserError({
    where: file,
    expected: 'finite weights',
    found,
    todo: 'The training run that wrote them diverged: use earlier weights.',
  })
}

/**
 * Returns the shape of the model of a file's weights on a data set, with the data set's number of puzzle identifiers.
 *
 * @throws UserError if the data set has another task, length or vocabulary.
 */
export function shapeForData(file: WeightsFile, manifest: DatasetManifest): ModelShape {
  const { puzzleIdentifiers } = manifest
  const shape = { ...shapeOfWeights(file, file.sizes.seqLen ?? manifest.seqLen), puzzleIdentifiers }
  checkDataFits({ task: file.config.task ?? null, shape }, manifest, {
    where: `the data set for ${file.file}`,
    todo: 'Name that of the weights with data=DIR.',
  })
  return shape
}
