import { startBackend } from '../backend/index.js'
import { parseConfig } from '../config/parse.js'
import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { type Evaluation, evaluate } from '../evaluate/evaluation.js'
import { disposeModel } from '../model/weights.js'
import type { PuzzleFit } from '../model/weights-check.js'
import { readWeightsOf } from '../results/weights-file.js'
import { datasetOf } from './dataset.js'
import { modelOfWeights } from './weights.js'

/** What a stored run or a file of weights is evaluated on, and how. */
export interface EvaluateRunOptions {
  /** Folder that holds `runs`; default `results`. */
  readonly resultsDir?: string
  /** Default: the data set of the run. */
  readonly data?: Dataset
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** Supervision steps; default the configuration's `evalSteps`, else its K. */
  readonly steps?: number
  /** Puzzles at once; default the configuration's `evalBatch`. */
  readonly batch?: number
  /** At most so many versions of each puzzle; default the configuration's `evalVersions`, else all. */
  readonly versions?: number
  /** Which weights, where there are two sets; default `ema`. */
  readonly weights?: 'ema' | 'live'
  /** The configuration of a file that carries none (`all_config.yaml`, `config.json`). */
  readonly configFile?: string
  /** Whether the outcome of every puzzle is returned; default true. 400,000 of ARC's take some 500 MB. */
  readonly outcomes?: boolean
  /** How a puzzle embedding with another number of rows is made to fit; by default that is an error. */
  readonly puzzleEmbedding?: PuzzleFit
  /** Told what is evaluated on before the work begins; may refuse it by throwing. */
  readonly onData?: (data: Dataset) => void
  /** Told after each batch how many puzzles are done. */
  readonly onBatch?: (done: number) => void
}

/** An evaluation of weights, and what they are. */
export interface RunEvaluation {
  /** The run's ID, or the file. */
  readonly id: string
  /** Optimiser steps behind the weights; null where their file does not say. */
  readonly step: number | null
  readonly data: Dataset
  readonly evaluation: Evaluation
  /** What was assumed or done to the weights, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Evaluates a stored run's checkpoint, or a file of weights, official ones too, with the code that evaluates during
 * training.
 *
 * @param runOrFile a file; else a run's folder, ID or the beginning of one
 * @throws UserError when the weights or their data cannot be had, or do not fit together.
 */
export async function evaluateRun(runOrFile: string, options: EvaluateRunOptions = {}): Promise<RunEvaluation> {
  const { resultsDir, weights, configFile, split = 'test' } = options
  const file = await readWeightsOf(runOrFile, {
    ...(resultsDir === undefined ? {} : { resultsDir }),
    ...(weights === undefined ? {} : { weights }),
    ...(configFile === undefined ? {} : { config: configFile }),
  })
  const config = parseConfig(file.config)
  if (options.data === undefined && file.dataHash === null && config.data === null)
    throw new UserError({
      where: file.file,
      expected: 'the data to evaluate on',
      found: 'a file that does not name any',
      todo: 'Name a data set with data=DIR.',
      exitCode: 2,
    })
  const data = options.data ?? (await datasetOf(config))
  options.onData?.(data)
  await startBackend()
  const { model, notes } = modelOfWeights(file, data.manifest, options.puzzleEmbedding)
  try {
    const evaluation = await evaluate(model, model.weights, data, {
      batch: options.batch ?? config.evalBatch,
      split,
      versions: options.versions ?? config.evalVersions ?? undefined,
      steps: options.steps ?? config.evalSteps ?? config.K,
      outcomes: options.outcomes ?? true,
      ...(options.onBatch ? { onBatch: options.onBatch } : {}),
    })
    return { id: file.run ?? runOrFile, step: file.step, data, evaluation, notes: [...file.notes, ...notes] }
  } finally {
    disposeModel(model)
  }
}
