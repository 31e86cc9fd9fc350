import { startBackend } from '../backend/index.js'
import { parseConfig } from '../config/parse.js'
import type { Dataset } from '../data/dataset.js'
import { evaluationBatches } from '../data/evaluation-batches.js'
import { type Evaluation, evaluate } from '../evaluate/evaluate.js'
import { float32Tensors } from '../files/safetensors.js'
import { disposeModel } from '../model/weights.js'
import { loadCheckpoint, openRun } from '../results/run.js'
import { datasetOf } from './dataset.js'
import { modelShape } from './resolve.js'
import { evaluationModel } from './snapshot.js'

/** What a stored run is evaluated on, and how. */
export interface EvaluateRunOptions {
  /** Folder that holds `runs`; default `results`. */
  readonly resultsDir?: string
  /** Default: the data set of the run. */
  readonly data?: Dataset
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** Supervision steps; default the run's `evalSteps`, else its K. */
  readonly steps?: number
  /** Puzzles at once; default the run's `evalBatch`. */
  readonly batch?: number
}

/**
 * Evaluates a stored run's checkpoint (its EMA weights, where it has any) with the code that evaluates during training.
 *
 * @param run folder, ID or the beginning of one
 * @throws UserError when the run or its data cannot be had, or do not fit together.
 */
export async function evaluateRun(
  run: string,
  options: EvaluateRunOptions = {},
): Promise<{ id: string; step: number; evaluation: Evaluation }> {
  const record = openRun(run, options.resultsDir)
  const config = parseConfig(record.config)
  const data = options.data ?? (await datasetOf(config))
  await startBackend()
  const { tensors, state } = loadCheckpoint(record)
  const model = evaluationModel(modelShape(config, data.manifest), float32Tensors(tensors))
  const batches = evaluationBatches(data, {
    batch: options.batch ?? config.evalBatch,
    split: options.split ?? 'test',
    versions: config.evalVersions ?? undefined,
  })
  const steps = options.steps ?? config.evalSteps ?? config.K
  const evaluation = await evaluate(model, model.weights, batches, { steps })
  disposeModel(model)
  return { id: record.id, step: state.step, evaluation }
}
