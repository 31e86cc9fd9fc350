import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { countEvaluated } from '../../data/evaluation-batches.js'
import { recursionOf } from '../../model/recursion.js'
import { depth, type ModelShape, stacks, totalTokens } from '../../model/shape.js'
import { countParameters } from '../../model/weights.js'
import { evaluationInterval, modelShape, totalSteps } from '../run/resolve.js'

/** The work of one run: everything that its time and memory follow from. */
export interface RunWork {
  readonly config: Config
  readonly shape: ModelShape
  /** Length of the run in optimiser steps. */
  readonly trainSteps: number
  /** Puzzles of one evaluation, in all their versions. */
  readonly evaluated: number
  /** Optimiser steps between evaluations. */
  readonly evaluateEvery: number
  /** Equal for runs whose steps and evaluations take the same time and memory. */
  readonly key: string
}

/** The work of a run on a data set. @throws UserError when the configuration's keys or sizes do not fit together. */
export function runWork(config: Config, data: Dataset): RunWork {
  const shape = modelShape(config, data.manifest)
  const evaluated = countEvaluated(data, { versions: config.evalVersions ?? undefined })
  const { batch, microBatch, dtype, optimizer, loss, ema, evalBatch, evalHalt, evalSupervisionSteps } = config
  const costly = { batch, microBatch, dtype, optimizer, loss, evalBatch, evalHalt, evalSupervisionSteps }
  return {
    config,
    shape,
    trainSteps: totalSteps(config, data),
    evaluated,
    evaluateEvery: evaluationInterval(config, data),
    key: JSON.stringify([shape, costly, ema > 0, evaluated]),
  }
}

/** Evaluations of a run up to a step: one at every multiple of its interval, and one at its end. */
export function evaluationsUntil({ evaluated, evaluateEvery, trainSteps }: RunWork, step: number): number {
  if (evaluated === 0) return 0
  return Math.floor(step / evaluateEvery) + (step >= trainSteps && trainSteps % evaluateEvery > 0 ? 1 : 0)
}

/**
 * A rough measure of the time of one optimiser step and of one evaluation beside each other and those of other runs: the
 * products of weights and tokens in their blocks, three times for a block that carries gradient.
 */
export function roughCost({ config, shape, evaluated }: RunWork): { step: number; evaluation: number } {
  const blocks = stacks(shape).reduce((sum, { layers }) => sum + layers, 0)
  const block = (countParameters({ ...shape, puzzleIdentifiers: 0 }) / blocks) * totalTokens(shape)
  return {
    step: config.batch * block * stepBlocks(shape),
    evaluation: evaluated * block * depth(shape) * (config.evalSupervisionSteps ?? config.K),
  }
}

/** Blocks of a supervision step; one that carries gradient counts three times. */
export function stepBlocks(shape: ModelShape): number {
  return depth(shape) + 2 * depth(shape, recursionOf(shape).gradientUpdates)
}
