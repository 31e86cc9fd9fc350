import { startBackend } from '../../backend/index.js'
import type { Dtype } from '../../backend/kernels.js'
import { type ResolvedConfig, resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { disposeModel, type Model } from '../../model/model.js'
import { datasetOf } from '../data/dataset.js'
import { dtypeOrFloat32 } from '../run/dtype.js'
import { modelOfWeights, openWeights, type WeightsOptions } from '../run/weights.js'
import { checkDataset, type ThinkingModel, weightsName } from './options.js'

/** Options of calls that compute with trained weights. */
export interface TrainedOptions extends WeightsOptions {
  /** The type to compute the model in. Default: that of the configuration, float32 beyond the trained depth. */
  readonly dtype?: Config['dtype']
}

/** A trained model, with where it comes from and the puzzles that it is asked. */
export interface Trained {
  /** The run's ID, or the file. */
  readonly id: string
  /** Whether `id` is that of a stored run. */
  readonly isRun: boolean
  /** Optimiser steps behind the weights; null if their file does not say. */
  readonly step: number | null
  readonly config: Config
  readonly evaluation: ResolvedConfig['evaluation']
  readonly data: Dataset
  readonly dtype: Dtype
  readonly model: Model
  /** Assumptions about the weights and changes to them, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Opens a stored run's weights, or a file of weights, with a data set, calls `work` with the model and frees it.
 *
 * @param call the function's name, for errors
 * @param data default: the data set of the weights
 * @param beyond returns whether the work goes beyond the depth that the model was trained with, where float32 is the default
 * @throws UserError (exit code 2) for another second argument than a data set; UserError if the weights or their data are unavailable or do not fit.
 */
export async function withTrained<T>(
  call: string,
  runOrFile: ThinkingModel,
  data: Dataset | undefined,
  options: TrainedOptions,
  beyond: (trainedDepth: number) => boolean,
  work: (trained: Trained) => Promise<T>,
): Promise<T> {
  checkDataset(call, data)
  const name = weightsName(runOrFile)
  const { file, config } = await openWeights(name, options, (weights) => `${call}('${weights}', `)
  const resolved = resolveConfig(config)
  if (data === undefined && file.dataHash === null && config.data === null)
    throw new UserError({
      where: file.file,
      expected: 'the data to evaluate on',
      found: 'a file that names none',
      todo: 'Name a data set with data=DIR.',
      exitCode: 2,
    })
  const puzzles = data ?? (await datasetOf(config))
  await startBackend()
  const asked = options.dtype ?? (beyond(resolved.model.K) ? 'float32' : resolved.training.dtype)
  const { dtype, note } = dtypeOrFloat32(asked, config.mixer)
  const { model, notes } = modelOfWeights(file, puzzles.manifest)
  const moved = data === undefined && file.dataHash !== null && file.dataHash !== puzzles.hash
  try {
    return await work({
      id: file.run ?? name,
      isRun: file.run !== null,
      step: file.step,
      config,
      evaluation: resolved.evaluation,
      data: puzzles,
      dtype,
      model: model.with({ dtype }),
      notes: [
        ...file.notes,
        ...notes,
        ...(note === null ? [] : [note]),
        ...(moved ? ['the data set has changed since the weights were trained on it'] : []),
      ],
    })
  } finally {
    disposeModel(model)
  }
}
