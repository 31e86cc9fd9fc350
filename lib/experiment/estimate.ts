import { freemem } from 'node:os'
import * as tf from '@tensorflow/tfjs-core'
import type { Config } from '../config/schema.js'
import type { Batch, Dataset } from '../data/dataset.js'
import { countEvaluated, evaluationBatches } from '../data/evaluation-batches.js'
import { UserError } from '../errors.js'
import { evaluateBatch } from '../evaluate/evaluate.js'
import { latentNames, type ModelShape, totalTokens } from '../model/shape.js'
import { countParameters, createModel, disposeModel, type Model } from '../model/weights.js'
import { disposeWeights, mapWeights } from '../train/optimizer.js'
import { disposeState, initialState, trainStep } from '../train/step.js'
import { chooseDtype } from './dtype.js'
import { evaluationInterval, newSampler, stepOptions } from './resolve.js'
import { onForcedStop } from './stop.js'

/** What a run is going to cost, from a trial on a part of a batch. */
export interface Estimate {
  /** Seconds of one supervision step with its update. */
  readonly stepSeconds: number
  /** Seconds of one evaluation of the whole test split. */
  readonly evaluationSeconds: number
  /** Seconds of the whole run, saves not counted. */
  readonly totalSeconds: number
  /** Rows that are computed at one time: those asked for, or as many as fit. */
  readonly microBatch: number
  /** Most bytes of tensors and puzzle embedding at one time, on top of what the process holds already. */
  readonly peakBytes: number
  /** Bytes that the machine still has for this process. */
  readonly availableBytes: number
}

/** Copies of the weights that training holds: themselves, gradients, two moments, the EMA. The puzzle embedding has one. */
const WEIGHT_COPIES = 5

/** Share of the free memory, and bytes, that a step may take where its micro-batch is chosen: more rows are no faster. */
const BUDGET = { share: 0.8, bytes: 6e9 }

/** Copies of the latents of rows that wait for their micro-batch: before, after, and parts of both. */
const LATENT_COPIES = 4

/** Trial batches: the larger is at most this many rows. */
const TRIAL_ROWS = 16

/**
 * Tries one step on two parts of a batch and one part of an evaluation batch, with weights of its own, and scales
 * time and memory up to the run's sizes.
 *
 * @param steps length of the run in optimiser steps
 * @param signal when aborted, the estimate ends after the trial that is being made
 * @throws the signal's reason when it is aborted.
 */
export async function estimateRun(
  config: Config,
  shape: ModelShape,
  data: Dataset,
  steps: number,
  signal?: AbortSignal,
): Promise<Estimate> {
  const availableBytes = process.availableMemory?.() ?? freemem()
  const table = 4 * shape.puzzleIdentifiers * shape.puzzleDim
  checkFits(config, WEIGHT_COPIES * (4 * countParameters(shape) - table) + table, availableBytes)
  // The puzzle embedding, which can be larger than all else, makes no step slower: one row of it will do.
  const dtype = chooseDtype(config.dtype)
  const model = { ...createModel({ ...shape, puzzleIdentifiers: 1 }, config.seed), dtype }
  const large = Math.min(config.batch, TRIAL_ROWS)
  const small = Math.max(1, Math.floor(large / 2))
  const evaluated = countEvaluated(data, { versions: config.evalVersions ?? undefined })
  const release = onForcedStop(() => disposeModel(model))
  const trials = async (): Promise<[Trial, Trial, Trial]> => {
    const first = await trialStep(model, config, data, small, steps)
    signal?.throwIfAborted()
    const second = large > small ? await trialStep(model, config, data, large, steps) : first
    signal?.throwIfAborted()
    return [first, second, evaluated > 0 ? await trialEvaluation(model, config, data, evaluated) : NO_TRIAL]
  }
  const [first, second, evaluation] = await trials().finally(() => {
    release()
    disposeModel(model)
  })
  const stepSeconds = scale(small, first.seconds, large, second.seconds, config.batch)
  const evaluationSeconds = evaluation.seconds * Math.ceil(evaluated / evaluation.rows)
  const evaluations = Math.ceil(steps / evaluationInterval(config, data))
  const latents = 4 * latentNames(shape).length * totalTokens(shape) * shape.hidden
  const peakOf = (rows: number): number =>
    table +
    scale(small, first.peakBytes, large, second.peakBytes, rows) +
    (config.batch - rows) * latents * LATENT_COPIES
  const microBatch = chooseMicroBatch(config, peakOf, availableBytes)
  return {
    microBatch,
    stepSeconds,
    evaluationSeconds,
    totalSeconds: steps * stepSeconds + evaluations * evaluationSeconds,
    peakBytes: Math.max(
      peakOf(microBatch),
      table + (evaluation.peakBytes * Math.min(config.evalBatch, evaluated)) / evaluation.rows,
    ),
    availableBytes,
  }
}

/**
 * The micro-batch asked for; else the whole batch where a step with it keeps within the budget, or equal parts that do.
 *
 * @param peakOf bytes that a step needs with a micro-batch of so many rows
 */
export function chooseMicroBatch(
  { batch, microBatch }: Pick<Config, 'batch' | 'microBatch'>,
  peakOf: (rows: number) => number,
  available: number,
): number {
  if (microBatch !== 'auto') return Math.min(microBatch, batch)
  const budget = Math.min(BUDGET.share * available, BUDGET.bytes)
  for (let parts = 1; parts < batch; parts++) {
    const rows = Math.ceil(batch / parts)
    if (peakOf(rows) <= budget) return rows
  }
  return 1
}

/**
 * Refuses a run that the machine cannot hold.
 *
 * @throws UserError saying how much is wanted, how much there is, and which keys to change.
 */
export function checkMemory(config: Config, { peakBytes, availableBytes }: Estimate): void {
  checkFits(config, peakBytes, availableBytes)
}

function checkFits(config: Config, bytes: number, available: number): void {
  if (bytes <= available) return
  const rows = config.microBatch === 'auto' ? 1 : config.microBatch
  const fits = Math.floor((Math.min(rows, config.batch) * available) / bytes)
  throw new UserError({
    where: 'memory',
    expected: `at most ${formatBytes(available)}, which is what the machine has free`,
    found: `a step that needs ${formatBytes(bytes)}`,
    todo:
      fits >= 1
        ? `Lower microBatch (about ${fits} fits), batch, hidden, n or layers.`
        : 'Lower batch, evalBatch, hidden, layers or expansion.',
  })
}

/** `1.5 GB`, `320 MB`. */
export function formatBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`
}

/** A straight line through two measurements, read at `at`; never below what was measured at `b`. */
function scale(a: number, atA: number, b: number, atB: number, at: number): number {
  if (b === a) return (atB * at) / b
  const slope = Math.max(0, (atB - atA) / (b - a))
  return atB + slope * (at - b)
}

/** Without test puzzles there is nothing to evaluate. */
const NO_TRIAL: Trial = { rows: 1, seconds: 0, peakBytes: 0 }

interface Trial {
  readonly rows: number
  readonly seconds: number
  readonly peakBytes: number
}

async function trialStep(model: Model, config: Config, data: Dataset, rows: number, steps: number): Promise<Trial> {
  const state = initialState({ ...model }, rows, config.ema, config.seed)
  // The step frees the weights it replaces; the model's own must outlive it.
  state.model.weights = mapWeights(model.weights, (weight) => tf.clone(weight))
  const batch = onOneRow(newSampler({ ...config, batch: rows }, data).next())
  const trial = await measure(rows, () => trainStep(state, batch, stepOptions(config, steps)))
  disposeState(state)
  disposeWeights(state.model.weights)
  return trial
}

async function trialEvaluation(model: Model, config: Config, data: Dataset, evaluated: number): Promise<Trial> {
  const rows = Math.min(config.evalBatch, evaluated, TRIAL_ROWS)
  const [batch] = evaluationBatches(data, { batch: rows })
  return await measure(rows, () => evaluateBatch(model, model.weights, onOneRow(batch!), config.evalSteps ?? config.K))
}

/** A batch whose puzzles all have the first row of the puzzle embedding. */
function onOneRow(batch: Batch): Batch {
  return { ...batch, puzzleIds: new Int32Array(batch.size) }
}

/** Seconds of some work, and the peak of its tensors' memory (measured in a call of its own, which also warms up). */
async function measure(rows: number, work: () => unknown): Promise<Trial> {
  const before = tf.memory().numBytes
  const profile = await tf.profile(() => {
    work()
    return []
  })
  const started = performance.now()
  work()
  return { rows, seconds: (performance.now() - started) / 1000, peakBytes: Math.max(0, profile.peakBytes - before) }
}
