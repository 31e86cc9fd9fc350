import type { ResolvedConfig } from '../../config/resolved.js'
import type { Dataset } from '../../data/dataset.js'
import { splitFacts, unlimitedVersions } from '../../data/pool.js'
import { type SamplerOptions, type TrainingBatches, trainingBatches } from '../../data/sampler.js'
import { type BatchesAhead, batchesAhead } from '../../train/ahead.js'
import type { StepOptions } from '../../train/step.js'

/**
 * Returns the length of the run in optimiser steps: `trainSteps`, or int(epochs · groups · mean examples of a puzzle /
 * batch) as in the published code.
 */
export function totalSteps({ training }: Trained, data: Dataset): number {
  return training.trainSteps ?? stepsOf(training.epochs, training, data)
}

/** Returns the optimiser steps between evaluations. */
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

/** Returns the options of a run's supervision steps. @param microBatch rows computed at a time; default: all */
export function stepOptions({ training }: Trained, trainSteps: number, microBatch?: number): StepOptions {
  const { warmup, lrMinRatio, lr, beta1, beta2, weightDecay, puzzleLr, puzzleWeightDecay } = training
  const schedule = { warmup, lrMinRatio, totalSteps: trainSteps }
  return {
    loss: training.loss,
    optimizer: { kind: training.optimizer, beta1, beta2, weightDecay },
    schedule: { ...schedule, lr },
    // Without a puzzle embedding these keys have no effect.
    puzzleSchedule: { ...schedule, lr: puzzleLr ?? lr },
    puzzleWeightDecay: puzzleWeightDecay ?? weightDecay,
    ema: training.ema,
    haltExploration: training.haltExploration,
    skipLimit: training.notFinite === 'skip' ? training.maxSkips : 0,
    ...(microBatch === undefined ? {} : { microBatch }),
  }
}

/** Returns the training batches of a configuration, from their beginning. */
export function newSampler(config: Sampled, data: Dataset): TrainingBatches {
  return trainingBatches(data, samplerOptions(config, data))
}

/**
 * Returns the batches of {@link newSampler}, prepared ahead by another thread until they are closed.
 *
 * @param worth see `batchesAhead`
 */
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
