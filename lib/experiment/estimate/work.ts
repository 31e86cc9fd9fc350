import { type ResolvedConfig, resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { countEvaluated } from '../../data/evaluation-batches.js'
import { configuredShape } from '../../model/configured.js'
import { stepMacs } from '../../model/macs.js'
import type { ModelShape } from '../../model/shape.js'
import { evaluationInterval, totalSteps } from '../run/resolve.js'

/** The work of one run: the inputs of its time and memory estimates. */
export interface RunWork {
  /** The flat configuration that runs are compared and labelled by; see `runConfig`. */
  readonly config: Config
  readonly resolved: ResolvedConfig
  readonly shape: ModelShape
  /** Length of the run in optimiser steps. */
  readonly trainSteps: number
  /** Puzzles per evaluation, counting all versions; twice as many where both sets of weights are evaluated. */
  readonly evaluated: number
  /** Optimiser steps between evaluations. */
  readonly evaluateEvery: number
  /** Multiply-accumulates of an optimiser step and of an evaluation; see `stepMacs`. */
  readonly macs: { readonly step: number; readonly evaluation: number }
  /** Equal for runs whose steps and evaluations take the same time and memory. */
  readonly key: string
}

/** Returns the work of a run on a data set. @throws UserError if the sizes of the model are incompatible. */
export function runWork(config: Config, data: Dataset): RunWork {
  const resolved = resolveConfig(config)
  const shape = configuredShape(resolved, data.manifest)
  const { training, evaluation } = resolved
  const { batch, microBatch, dtype, optimizer, loss, ema } = training
  const evaluated =
    countEvaluated(data, { versions: evaluation.evalVersions }) * (evaluation.evalWeights === 'both' ? 2 : 1)
  const macs = stepMacs(shape)
  return {
    config,
    resolved,
    shape,
    trainSteps: totalSteps(resolved, data),
    evaluated,
    evaluateEvery: evaluationInterval(resolved, data),
    macs: { step: batch * macs.training, evaluation: evaluated * evaluation.evalSupervisionSteps * macs.forward },
    key: JSON.stringify([shape, batch, microBatch, dtype, optimizer, loss, ema > 0, evaluation, evaluated]),
  }
}
