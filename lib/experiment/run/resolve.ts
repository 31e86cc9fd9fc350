import type { ResolvedConfig } from '../../config/resolved.js'
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
export function totalSteps({ training }: Trained, data: Dataset): number {
  return training.trainSteps ?? stepsOf(training.epochs, training, data)
}

/** Optimiser steps between evaluations. */
export function evaluationInterval({ training, evaluation }: Evaluated, data: Dataset): number {
  const { evalEvery } = evaluation
  return training.epochs === undefined ? evalEvery : stepsOf(evalEvery, training, data)
}

type Trained = Pick<ResolvedConfig, 'training'>
type Evaluated = Pick<ResolvedConfig, 'training' | 'evaluation'>

function stepsOf(epochs: number, { batch }: ResolvedConfig['training'], { train, augment }: Dataset): number {
  const { groups, meanPuzzleExamples } = splitFacts(train, augment)
  return Math.max(1, Math.floor((epochs * groups * meanPuzzleExamples) / batch))
}

/** The options of a run's supervision steps. @param microBatch rows computed at one time; default: all */
export function stepOptions({ training }: Trained, trainSteps: number, microBatch?: number): StepOptions {
  const { warmup, lrMinRatio, lr, beta1, beta2, weightDecay, puzzleLr, puzzleWeightDecay } = training
  const schedule = { warmup, lrMinRatio, totalSteps: trainSteps }
  return {
    loss: training.loss,
    optimizer: { kind: training.optimizer, beta1, beta2, weightDecay },
    schedule: { ...schedule, lr },
    // Without a puzzle embedding there is nothing that these move.
    puzzleSchedule: { ...schedule, lr: puzzleLr ?? lr },
    puzzleWeightDecay: puzzleWeightDecay ?? weightDecay,
    ema: training.ema,
    haltExploration: training.haltExploration,
    ...(microBatch === undefined ? {} : { microBatch }),
  }
}

/** The training batches a configuration asks for, from their beginning. */
export function newSampler(config: Sampled, data: Dataset): TrainingBatches {
  return trainingBatches(data, samplerOptions(config, data))
}

/** The batches of {@link newSampler}, prepared ahead by another thread until they are closed. @param worth as `batchesAhead` has it */
export function newBatchesAhead(config: Sampled, data: Dataset, worth?: number): BatchesAhead {
  return batchesAhead(data, samplerOptions(config, data), worth)
}

type Sampled = Pick<ResolvedConfig, 'data' | 'training' | 'evaluation'>

function samplerOptions({ data: { augment }, training, evaluation }: Sampled, data: Dataset): SamplerOptions {
  return {
    batch: training.batch,
    seed: training.seed,
    augment: augment ?? (unlimitedVersions(data) ? 'fresh' : undefined),
    intervalEpochs: training.epochs === undefined ? undefined : evaluation.evalEvery,
  }
}
