import { parseConfig } from '../config/parse.js'
import type { Config } from '../config/schema.js'
import type { Dataset, DatasetManifest } from '../data/dataset.js'
import { type TrainingBatches, trainingBatches } from '../data/sampler.js'
import { checkShape, type ModelShape } from '../model/shape.js'
import type { StepOptions } from '../train/step.js'

/**
 * The model that a configuration means on a data set.
 *
 * @throws UserError when its sizes do not fit together.
 */
export function modelShape(config: Config, manifest: DatasetManifest): ModelShape {
  const puzzleDim = config.puzzleDim ?? config.hidden
  const shape: ModelShape = {
    mixer: config.mixer,
    hidden: config.hidden,
    heads: config.heads,
    layers: config.layers,
    expansion: config.expansion,
    positions: config.positions ?? (config.mixer === 'attention' ? 'rope' : 'none'),
    T: config.T,
    n: config.n,
    K: config.K,
    puzzleTokens: config.puzzleTokens || Math.ceil(puzzleDim / config.hidden),
    puzzleDim,
    puzzleIdentifiers: manifest.puzzleIdentifiers,
    vocabSize: manifest.vocabSize,
    seqLen: manifest.seqLen,
  }
  checkShape(shape)
  return shape
}

/**
 * A configuration whose data keys say what the data set is: those of generated puzzles, so that the run's record is
 * enough to make them again. The data set wins over keys that say otherwise.
 */
export function withDataKeys(config: Config, manifest: DatasetManifest): Config {
  const { box, clues, train, test, seed } = manifest.options
  if (manifest.source.kind !== 'generated' || config.data !== null) return config
  return parseConfig({ ...config, box, clues, trainPuzzles: train, testPuzzles: test, dataSeed: seed })
}

/** Length of the run in optimiser steps: `steps`, or int(epochs · puzzles / batch) as the published code has it. */
export function totalSteps(config: Config, manifest: DatasetManifest): number {
  if (config.steps !== null) return config.steps
  return Math.max(1, Math.floor(((config.epochs ?? 1) * manifest.counts.train) / config.batch))
}

/** Steps between evaluations. */
export function evaluationInterval(config: Config, manifest: DatasetManifest): number {
  if (config.epochs === null) return config.evalEvery
  return Math.max(1, Math.floor((config.evalEvery * manifest.counts.train) / config.batch))
}

/** What a supervision step needs of a configuration. */
export function stepOptions(config: Config, steps: number): StepOptions {
  const schedule = { warmup: config.warmup, lrMinRatio: config.lrMinRatio, totalSteps: steps }
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
    haltExploration: config.haltExploration,
  }
}

/** The training batches a configuration asks for, from their beginning. */
export function newSampler(config: Config, data: Dataset): TrainingBatches {
  return trainingBatches(data, {
    batch: config.batch,
    seed: config.seed,
    augment: config.augment,
    ...(config.epochs === null ? {} : { intervalEpochs: config.evalEvery }),
  })
}
