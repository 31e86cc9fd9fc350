import { freemem } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import * as tf from '@tensorflow/tfjs-core'
import { type Dtype, kernels } from '../backend/kernels.js'
import { peakTensorBytes } from '../backend/tensor-memory.js'
import type { Config } from '../config/schema.js'
import type { Batch, Dataset } from '../data/dataset.js'
import { countEvaluated, evaluationBatches } from '../data/evaluation-batches.js'
import { UserError } from '../errors.js'
import { evaluateBatch } from '../evaluate/evaluate.js'
import { disposeCarry, takeRows } from '../model/carry.js'
import { disposeFused, fuseWeights } from '../model/fused-weights.js'
import { latentNames, type ModelShape, totalTokens } from '../model/shape.js'
import { countParameters, createModel, disposeModel, type Model } from '../model/weights.js'
import { disposeWeights, mapWeights } from '../train/optimizer.js'
import { passOfRows } from '../train/pass.js'
import { disposeState, initialState, trainStep } from '../train/step.js'
import { calibrationShapes, evaluationBlocks, fitCost, stepBlocks, stepSeconds, type TimedStep } from './cost.js'
import { chooseDtype } from './dtype.js'
import { evaluationInterval, newSampler, stepOptions } from './resolve.js'
import { onForcedStop } from './stop.js'

/** What a run is going to cost, from trials of small steps. */
export interface Estimate {
  /** Seconds of one supervision step with its update. */
  readonly stepSeconds: number
  /** Seconds of one evaluation of the whole test split. */
  readonly evaluationSeconds: number
  /** Seconds of the whole run, saves not counted. */
  readonly totalSeconds: number
  /** Rows that are computed at one time: those asked for, or as many as fit. */
  readonly microBatch: number
  /** Most bytes at one time, tensors, puzzle embedding and what else grows, on top of what the process holds already. */
  readonly peakBytes: number
  /** Bytes that the machine still has for this process. */
  readonly availableBytes: number
  /** What the blocks will be computed in. */
  readonly dtype: Dtype
}

/** Copies of the weights that training holds: themselves, gradients, two moments, the EMA. The puzzle embedding has one. */
const WEIGHT_COPIES = 5

/** Share of the free memory, and bytes, that a step may take where its micro-batch is chosen: more rows are no faster. */
const BUDGET = { share: 0.8, bytes: 6e9 }

/** Copies of the latents of rows that wait for their micro-batch: before, after, and parts of both. */
const LATENT_COPIES = 4

/** Hidden states that the kernels hold beside tensors: those between updates, and their gradients. */
const KERNEL_STATES = 6

/** Rows of the trials that memory is scaled up from: what it needs is linear in them. */
const MEMORY_ROWS = [2, 4] as const

/** Rows of an evaluation that is timed, at most: beyond them its time is linear. */
const EVALUATION_ROWS = 64

/** A step is timed so often at least, and for so long: small ones need more to be told from chance. */
const REPEATED = { times: 2, seconds: 0.3 }

/** A step that takes less is timed itself: it tells more than steps that take no less time. */
const SHORT_SECONDS = 1

/**
 * What a process grows by beside its tensors: bytes for compiled code and the kernels' working memory, and copies of the
 * weights that are garbage, or free but not given back. Measured with `recurlab bench scaling`.
 */
const PROCESS = { bytes: 50e6, weightCopies: 3 }

/**
 * Times steps of a model with smaller T and n on as many rows as will be computed at one time, and scales time up by the
 * blocks computed; memory is scaled up from few rows. See `cost.ts`.
 *
 * @param steps length of the run in optimiser steps
 * @param signal when aborted, the estimate ends after the trial that is being made
 * @throws the signal's reason when it is aborted; UserError for a run that the machine cannot hold, saying how much is
 * wanted, how much there is, and which keys to change.
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
  const dtype = chooseDtype(config.dtype)
  // The puzzle embedding, which can be larger than all else, makes no step slower: one row of it will do.
  const model = { ...createModel({ ...shape, puzzleIdentifiers: 1 }, config.seed), dtype }
  const release = onForcedStop(() => disposeModel(model))
  try {
    const trial = { model, config, data, steps, ...(signal && { signal }) }
    const peakOf = await memoryOf(trial, table)
    const microBatch = chooseMicroBatch(config, peakOf, availableBytes)
    const peakBytes = Math.max(peakOf(microBatch), PROCESS.bytes + table + (await evaluationMemory(trial)))
    // Before anything of that size is tried.
    checkFits(config, peakBytes, availableBytes)
    const seconds = await stepTime(trial, microBatch)
    const evaluationSeconds = await evaluationTime(trial)
    const evaluations = Math.ceil(steps / evaluationInterval(config, data))
    return {
      microBatch,
      stepSeconds: seconds,
      evaluationSeconds,
      totalSeconds: steps * seconds + evaluations * evaluationSeconds,
      peakBytes,
      availableBytes,
      dtype,
    }
  } finally {
    release()
    disposeModel(model)
  }
}

/** What is tried, with weights that all trials share. */
interface Trial {
  readonly model: Model
  readonly config: Config
  readonly data: Dataset
  readonly steps: number
  readonly signal?: AbortSignal
}

/**
 * Bytes that a run needs with so many rows computed at one time: the weights, moments and EMA that it holds, and the
 * larger of what passes need, which is linear in their rows, and of what an update needs. T changes nothing.
 */
async function memoryOf(trial: Trial, table: number): Promise<(rows: number) => number> {
  const { config, model } = trial
  const shape = { ...model.shape, T: 1 }
  const [small, large] = MEMORY_ROWS.map((rows) => Math.min(rows, config.batch)) as [number, number]
  const peaks = (rows: number): Promise<{ pass: number; step: number }> =>
    withStep(trial, shape, rows, (step, pass) => ({ pass: peakTensorBytes(pass), step: peakTensorBytes(step) }))
  const atSmall = await peaks(small)
  const atLarge = large > small ? await peaks(large) : atSmall
  const fast = kernels()
  // With the kernels every thread but one has sums of its own for the weights' gradients.
  const copies = (config.ema > 0 ? 4 : 3) + PROCESS.weightCopies + (fast ? fast.threads - 1 : 0)
  const held = copies * 4 * (countParameters(shape) - shape.puzzleDim)
  const hidden = 4 * totalTokens(shape) * shape.hidden
  const latents = latentNames(shape).length * hidden
  return (rows) =>
    PROCESS.bytes +
    table +
    held +
    (fast ? rows * KERNEL_STATES * hidden : 0) +
    Math.max(scale(small, atSmall.pass, large, atLarge.pass, rows), atLarge.step) +
    (config.batch - rows) * latents * LATENT_COPIES
}

/** Seconds of a supervision step of the whole batch. */
async function stepTime(trial: Trial, microBatch: number): Promise<number> {
  const { config, model } = trial
  const shapes = calibrationShapes(model.shape)
  const timed: TimedStep[] = []
  for (const [i, shape] of shapes.entries()) {
    const seconds = await withStep(trial, shape, microBatch, (step) => {
      // The first steps of all make memory, threads and compiled code ready.
      if (i === 0) typical(step)
      return typical(step)
    })
    timed.push({ blocks: stepBlocks(shape), seconds })
  }
  const predicted = stepSeconds(fitCost(timed), stepBlocks(model.shape))
  const seconds = predicted < SHORT_SECONDS ? await withStep(trial, model.shape, microBatch, typical) : predicted
  return (config.batch / microBatch) * seconds
}

/** An evaluation of so many rows by a model with small T and n, and what it stands for. */
interface TrialEvaluation {
  readonly model: Model
  readonly work: (rows: number, steps: number) => () => void
  /** Puzzles of the test split, and those evaluated at one time. */
  readonly evaluated: number
  readonly rows: number
}

function trialEvaluation({ model, config, data }: Trial): TrialEvaluation {
  const evaluated = countEvaluated(data, { versions: config.evalVersions ?? undefined })
  const small = { ...model, shape: calibrationShapes(model.shape)[0]! }
  const work = (rows: number, steps: number): (() => void) => {
    const [batch] = evaluationBatches(data, { batch: rows })
    return () => void evaluateBatch(small, small.weights, onOneRow(batch!), steps)
  }
  return { model: small, work, evaluated, rows: Math.min(config.evalBatch, evaluated) }
}

/** Bytes that an evaluation needs at one time: a line through two small ones. */
async function evaluationMemory(trial: Trial): Promise<number> {
  const { work, rows } = trialEvaluation(trial)
  if (rows === 0) return 0
  const [small, large] = MEMORY_ROWS.map((few) => Math.min(few, rows)) as [number, number]
  await giveWay(trial)
  return scale(small, peakTensorBytes(work(small, 1)), large, peakTensorBytes(work(large, 1)), rows)
}

/** Seconds of one evaluation of the test split. */
async function evaluationTime(trial: Trial): Promise<number> {
  const { model: small, work, rows, evaluated } = trialEvaluation(trial)
  if (rows === 0) return 0
  const { config, model } = trial
  const timed = Math.min(rows, EVALUATION_ROWS)
  await giveWay(trial)
  const one = typical(work(timed, 1))
  await giveWay(trial)
  const perBlock = Math.max(0, typical(work(timed, 2)) - one) / evaluationBlocks(small.shape)
  const blocks = (config.evalSteps ?? config.K) * evaluationBlocks(model.shape)
  const batchSeconds = (rows / timed) * (one + perBlock * (blocks - evaluationBlocks(small.shape)))
  return Math.ceil(evaluated / rows) * batchSeconds
}

/** Lets a stop come in between two trials. @throws the signal's reason when it has */
async function giveWay({ signal }: Trial): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}

/**
 * Something done with a supervision step, and with its forward and backward pass alone (whose memory is linear in the
 * rows, as that of a step with few of them is not), which can be made again and again, on weights of their own.
 */
async function withStep<T>(
  trial: Trial,
  shape: ModelShape,
  rows: number,
  work: (step: () => void, pass: () => void) => T,
): Promise<T> {
  await giveWay(trial)
  const { model, config, data, steps } = trial
  // The step frees the weights it replaces; the model's own must outlive it.
  const weights = mapWeights(model.weights, (weight) => tf.clone(weight))
  const state = initialState({ ...model, shape, weights }, rows, config.ema, config.seed)
  const batch = onOneRow(newSampler({ ...config, batch: rows }, data).next())
  const options = stepOptions(config, steps)
  const pass = (): void => {
    const carry = takeRows(state.carry, batch, state.model)
    const fused = fuseWeights(state.model.weights, shape, true, model.dtype)
    const { state: latents, outputs, gradients } = passOfRows(state.model, fused, carry, config.loss, rows)
    if (fused) disposeFused(fused)
    disposeCarry(carry)
    tf.dispose([...Object.values(latents), ...Object.values(outputs)])
    disposeWeights(gradients)
  }
  try {
    return work(() => trainStep(state, batch, options), pass)
  } finally {
    disposeState(state)
    disposeWeights(state.model.weights)
  }
}

/** A batch whose puzzles all have the first row of the puzzle embedding. */
function onOneRow(batch: Batch): Batch {
  return { ...batch, puzzleIds: new Int32Array(batch.size) }
}

/** Seconds of some work, in the middle of its repetitions. */
function typical(work: () => void): number {
  const all: number[] = []
  for (let total = 0; all.length < REPEATED.times || total < REPEATED.seconds; total += all.at(-1)!) {
    const started = performance.now()
    work()
    all.push((performance.now() - started) / 1000)
  }
  all.sort((a, b) => a - b)
  return (all[Math.floor((all.length - 1) / 2)]! + all[Math.ceil((all.length - 1) / 2)]!) / 2
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

/** @throws UserError for what the machine cannot hold */
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
