import { haltExploration } from '../../config/model-keys.js'
import type { Config } from '../../config/schema.js'
import type { Dataset, DatasetManifest } from '../../data/dataset.js'
import { splitFacts, unlimitedVersions } from '../../data/pool.js'
import { type SamplerOptions, type TrainingBatches, trainingBatches } from '../../data/sampler.js'
import { configuredShape } from '../../model/configured.js'
import type { ModelShape } from '../../model/shape.js'
import { type BatchesAhead, batchesAhead } from '../../train/ahead.js'
import type { StepOptions } from '../../train/step.js'

/**
 * The model that a configuration means on a data set.
 *
 * @throws UserError when its keys or sizes do not fit together.
 */
export function modelShape(config: Config, manifest: DatasetManifest): ModelShape {
  return configuredShape(config, manifest)
}

/**
 * Length of the run in optimiser steps: `trainSteps`, or int(epochs · groups · mean examples of a puzzle / batch) as the
 * published code has it.
 */
export function totalSteps(config: Config, data: Dataset): number {
  return config.trainSteps ?? stepsOf(config.epochs ?? 1, config, data)
}

/** Steps between evaluations. */
export function evaluationInterval(config: Config, data: Dataset): number {
  return config.epochs === null ? config.evalEvery : stepsOf(config.evalEvery, config, data)
}

function stepsOf(epochs: number, config: Config, { train, augment }: Dataset): number {
  const { groups, meanPuzzleExamples } = splitFacts(train, augment)
  return Math.max(1, Math.floor((epochs * groups * meanPuzzleExamples) / config.batch))
}

/** What a supervision step needs of a configuration. @param microBatch rows computed at one time; default: all */
export function stepOptions(config: Config, trainSteps: number, microBatch?: number): StepOptions {
  const schedule = { warmup: config.warmup, lrMinRatio: config.lrMinRatio, totalSteps: trainSteps }
  return {
    loss: config.loss,
    optimizer: {
      kind: config.optimizer,
      beta1: config.beta1,
      beta2: config.beta2,
      weightDecay: config.weightDecay,
    },
    schedule: { ...schedule, lr: config.lr },
    puzzleSchedule: { ...schedule, lr: config.puzzleLr ?? config.lr },
    puzzleWeightDecay: config.puzzleWeightDecay ?? config.weightDecay,
    ema: config.ema,
    haltExploration: haltExploration(config),
    ...(microBatch === undefined ? {} : { microBatch }),
  }
}

/** The training batches a configuration asks for, from their beginning. */
export function newSampler(config: Config, data: Dataset): TrainingBatches {
  return trainingBatches(data, samplerOptions(config, data))
}

/** The same, prepared ahead; to be closed in the end. @param worth as `batchesAhead` has it */
export function newBatchesAhead(config: Config, data: Dataset, worth?: number): BatchesAhead {
  return batchesAhead(data, samplerOptions(config, data), worth)
}

function samplerOptions(config: Config, data: Dataset): SamplerOptions {
  return {
    batch: config.batch,
    seed: config.seed,
    augment: config.augment ?? (unlimitedVersions(data) ? 'fresh' : undefined),
    intervalEpochs: config.epochs === null ? undefined : config.evalEvery,
  }
}
