import { freemem } from 'node:os'
import * as tf from '@tensorflow/tfjs-core'
import type { Dtype } from '../backend/kernels.js'
import { peakTensorBytes } from '../backend/tensor-memory.js'
import type { Config } from '../config/schema.js'
import type { Batch, Dataset } from '../data/dataset.js'
import { countEvaluated, evaluationBatches } from '../data/evaluation-batches.js'
import { UserError } from '../errors.js'
import { evaluateBatch } from '../evaluate/evaluate.js'
import { disposeCarry, takeRows } from '../model/carry.js'
import { latentNames, type ModelShape, totalTokens } from '../model/shape.js'
import { countParameters, createModel, disposeModel, type Model } from '../model/weights.js'
import { disposeWeights, mapWeights } from '../train/optimizer.js'
import { forwardBackward } from '../train/pass.js'
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

/** Rows of the trials that memory is scaled up from: what it needs is linear in them. */
const MEMORY_ROWS = [2, 4] as const

/** A step is timed so often at least, and for so long: small ones need more to be told from chance. */
const REPEATED = { times: 2, seconds: 0.3 }

/** A step that takes less is timed itself: it tells more than steps that take no less time. */
const SHORT_SECONDS = 1

/**
 * What a process grows by beside its tensors: bytes for compiled code and the kernels' working memory, and copies of the
 * weights that are garbage, or free but not given back. Measured with `recurlab bench scaling`.
 */
const PROCESS = { bytes: 50e6, weightCopies: 5 }

/**
 * Times steps of a model with smaller T and n on as many rows as will be computed at one time, and scales time up by the
 * blocks computed; memory is scaled up from few rows. See `cost.ts`.
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
  const dtype = chooseDtype(config.dtype)
  // The puzzle embedding, which can be larger than all else, makes no step slower: one row of it will do.
  const model = { ...createModel({ ...shape, puzzleIdentifiers: 1 }, config.seed), dtype }
  const release = onForcedStop(() => disposeModel(model))
  try {
    const trial = { model, config, data, steps, ...(signal && { signal }) }
    const peakOf = await memoryOf(trial, table)
    const microBatch = chooseMicroBatch(config, peakOf, availableBytes)
    const seconds = await stepTime(trial, microBatch)
    const evaluation = await evaluationCost(trial)
    const evaluations = Math.ceil(steps / evaluationInterval(config, data))
    return {
      microBatch,
      stepSeconds: seconds,
      evaluationSeconds: evaluation.seconds,
      totalSeconds: steps * seconds + evaluations * evaluation.seconds,
      peakBytes: Math.max(peakOf(microBatch), PROCESS.bytes + table + evaluation.peakBytes),
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
  const { config, model, signal } = trial
  const shape = { ...model.shape, T: 1 }
  const [small, large] = MEMORY_ROWS.map((rows) => Math.min(rows, config.batch)) as [number, number]
  const peaks = async (rows: number): Promise<{ pass: number; step: number }> => {
    signal?.throwIfAborted()
    return await withStep(trial, shape, rows, (step, pass) => ({
      pass: peakTensorBytes(pass),
      step: peakTensorBytes(step),
    }))
  }
  const atSmall = await peaks(small)
  const atLarge = large > small ? await peaks(large) : atSmall
  const copies = (config.ema > 0 ? 4 : 3) + PROCESS.weightCopies
  const held = copies * 4 * (countParameters(shape) - shape.puzzleDim)
  const latents = 4 * latentNames(shape).length * totalTokens(shape) * shape.hidden
  return (rows) =>
    PROCESS.bytes +
    table +
    held +
    Math.max(scale(small, atSmall.pass, large, atLarge.pass, rows), atLarge.step) +
    (config.batch - rows) * latents * LATENT_COPIES
}

/** Seconds of a supervision step of the whole batch. */
async function stepTime(trial: Trial, microBatch: number): Promise<number> {
  const { config, model, signal } = trial
  const shapes = calibrationShapes(model.shape)
  const timed: TimedStep[] = []
  for (const [i, shape] of shapes.entries()) {
    signal?.throwIfAborted()
    const seconds = await withStep(trial, shape, microBatch, (step) => {
      // The first steps of all make memory, threads and compiled code ready.
      if (i === 0) typical(step)
      return typical(step)
    })
    timed.push({ blocks: stepBlocks(shape), seconds })
  }
  const predicted = stepSeconds(fitCost(timed), stepBlocks(model.shape))
  signal?.throwIfAborted()
  const seconds = predicted < SHORT_SECONDS ? await withStep(trial, model.shape, microBatch, typical) : predicted
  return (config.batch / microBatch) * seconds
}

/** Seconds of one evaluation of the test split, and bytes that it needs at one time. */
async function evaluationCost({ model, config, data, signal }: Trial): Promise<{ seconds: number; peakBytes: number }> {
  const evaluated = countEvaluated(data, { versions: config.evalVersions ?? undefined })
  if (evaluated === 0) return { seconds: 0, peakBytes: 0 }
  const rows = Math.min(config.evalBatch, evaluated)
  const [batch] = evaluationBatches(data, { batch: rows })
  const small = { ...model, shape: { ...model.shape, T: 1, n: 1 } }
  const work = (steps: number) => (): void => {
    signal?.throwIfAborted()
    evaluateBatch(small, small.weights, onOneRow(batch!), steps)
  }
  const peak = peakTensorBytes(work(1))
  const [one, two] = [typical(work(1)), typical(work(2))]
  const perBlock = Math.max(0, two - one) / evaluationBlocks(small.shape)
  const blocks = (config.evalSteps ?? config.K) * evaluationBlocks(model.shape)
  return {
    seconds: Math.ceil(evaluated / rows) * (one + perBlock * (blocks - evaluationBlocks(small.shape))),
    peakBytes: peak,
  }
}

/**
 * Something done with a supervision step, and with its forward and backward pass alone, which can be made again and
 * again, on weights of their own.
 */
async function withStep<T>(
  { model, config, data, steps }: Trial,
  shape: ModelShape,
  rows: number,
  work: (step: () => void, pass: () => void) => T | Promise<T>,
): Promise<T> {
  // The step frees the weights it replaces; the model's own must outlive it.
  const weights = mapWeights(model.weights, (weight) => tf.clone(weight))
  const state = initialState({ ...model, shape, weights }, rows, config.ema, config.seed)
  const batch = onOneRow(newSampler({ ...config, batch: rows }, data).next())
  const options = stepOptions(config, steps)
  const pass = (): void => {
    const carry = takeRows(state.carry, batch, state.model)
    const { state: latents, outputs, gradients } = forwardBackward(state.model, carry, config.loss)
    disposeCarry(carry)
    tf.dispose([...Object.values(latents), ...Object.values(outputs)])
    disposeWeights(gradients)
  }
  try {
    return await work(() => trainStep(state, batch, options), pass)
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
