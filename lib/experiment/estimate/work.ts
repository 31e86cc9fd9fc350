import { type ResolvedConfig, resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { countEvaluated } from '../../data/evaluation-batches.js'
import type { ModelShape } from '../../model/shape.js'
import { evaluationInterval, modelShape, totalSteps } from '../run/resolve.js'

/** The work of one run: the inputs of its time and memory estimates. */
export interface RunWork {
  /** The flat configuration. */
  readonly config: Config
  readonly resolved: ResolvedConfig
  readonly shape: ModelShape
  /** Length of the run in optimiser steps. */
  readonly trainSteps: number
  /** Puzzles per evaluation, counting all versions; twice as many where both sets of weights are evaluated. */
  readonly evaluated: number
  /** Optimiser steps between evaluations. */
  readonly evaluateEvery: number
  /** Equal for runs whose steps and evaluations take the same time and memory. */
  readonly key: string
}

/** Returns the work of a run on a data set. @throws UserError if the configuration's keys or sizes are incompatible. */
export function runWork(config: Config, data: Dataset): RunWork {
  const shape = modelShape(config, data.manifest)
  const resolved = resolveConfig(config)
  const { batch, microBatch, dtype, optimizer, loss, ema } = resolved.training
  const { evalBatch, evalHalt, evalSupervisionSteps, evalVersions, evalWeights } = resolved.evaluation
  const evaluated = countEvaluated(data, { versions: evalVersions }) * (evalWeights === 'both' ? 2 : 1)
  const costly = { batch, microBatch, dtype, optimizer, loss, evalBatch, evalHalt, evalSupervisionSteps }
  return {
    config,
    resolved,
    shape,
    trainSteps: totalSteps(resolved, data),
    evaluated,
    evaluateEvery: evaluationInterval(resolved, data),
    key: JSON.stringify([shape, costly, ema > 0, evaluated]),
  }
}
