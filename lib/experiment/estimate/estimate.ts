import { freemem } from 'node:os'
import { type Dtype, freeKernelMemory, kernels } from '../../backend/kernels.js'
import { peakTensorBytes } from '../../backend/tensor-memory.js'
import { resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { countEvaluated, evaluationBatches } from '../../data/evaluation-batches.js'
import { UserError } from '../../errors.js'
import { evaluateBatch } from '../../evaluate/evaluate.js'
import { latentNames, type ModelShape, totalTokens } from '../../model/shape.js'
import { countParameters, createModel, disposeModel, type Model } from '../../model/weights.js'
import { chooseDtype } from '../run/dtype.js'
import { evaluationInterval } from '../run/resolve.js'
import { onForcedStop } from '../run/stop.js'
import {
  calibrationShapes,
  evaluationBlocks,
  fitCost,
  roughCost,
  stepBlocks,
  stepSeconds,
  type TimedStep,
} from './cost.js'
import { giveWay, onOneRow, TRIALS, type Trial, typicalSeconds, withSteps } from './trial.js'

/** What a run is going to cost, from trials of small steps. */
export interface Estimate {
  /** Seconds of one supervision step with its update. */
  readonly stepSeconds: number
  /** The same as the cost model alone has it, from smaller steps. */
  readonly modelledSeconds: number
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

/** Rows of a step, and of an evaluation, that is timed, at most: beyond them its time is linear. */
const STEP_ROWS = 128
const EVALUATION_ROWS = 64

/**
 * Seconds that steps of each size are timed for: this share of the run, within bounds; of a run of a minute and more `warm`
 * at least. Nobody waits for the estimate of a run longer than for the run.
 */
const TIMED = { share: 0.005, least: 0.02, warm: 0.3, most: 1.5 }

/**
 * Steps as they will be are made for the estimate where they take no more than this share of the run; in seconds, `most` at
 * most, and `least` where that is no more than the share `small` of the run.
 */
const CHECK = { share: 0.01, small: 0.05, least: 3, most: 15 }

/**
 * What a process grows by beside its tensors: bytes for compiled code and the kernels' working memory, and copies of the
 * weights that are garbage, or free but not given back. Measured with `recurlab bench scaling`.
 */
const PROCESS = { bytes: 42e6, weightCopies: 3 }

/**
 * Times steps of a model with smaller T and n on as many rows as will be computed at one time, and scales time up by the
 * blocks computed; memory is scaled up from few rows. See `cost.ts`.
 *
 * @param trainSteps length of the run in optimiser steps
 * @param signal when aborted, the estimate ends after the trial that is being made
 * @throws the signal's reason when it is aborted; UserError for a run that the machine cannot hold, saying how much is
 * wanted, how much there is, and which keys to change.
 */
export async function estimateRun(
  config: Config,
  shape: ModelShape,
  data: Dataset,
  trainSteps: number,
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
    const trial = { model, config, data, trainSteps, ...(signal && { signal }) }
    const peakOf = await memoryOf(trial, table)
    const microBatch = chooseMicroBatch(config, peakOf, availableBytes)
    const peakBytes = Math.max(peakOf(microBatch), PROCESS.bytes + table + (await evaluationMemory(trial)))
    // Before anything of that size is tried.
    checkFits(config, peakBytes, availableBytes)
    const { seconds, modelled } = await stepTime(trial, microBatch)
    const evaluationSeconds = await evaluationTime(trial, Math.min(TIMED.warm, timedFor(trainSteps * seconds)))
    const evaluations = Math.ceil(trainSteps / evaluationInterval(resolveConfig(config), data))
    return {
      microBatch,
      stepSeconds: seconds,
      modelledSeconds: modelled,
      evaluationSeconds,
      totalSeconds: trainSteps * seconds + evaluations * evaluationSeconds,
      peakBytes,
      availableBytes,
      dtype,
    }
  } finally {
    release()
    disposeModel(model)
    freeKernelMemory()
  }
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
    withSteps(trial, rows, async ({ step, pass }) => ({
      pass: peakTensorBytes(() => pass(shape)),
      step: peakTensorBytes(() => step(shape)),
    }))
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

/**
 * Seconds of a supervision step of the whole batch: what the cost model says of small ones; where the run is so long that
 * it does not matter, a few steps are made as they will be, which tell more.
 */
async function stepTime(trial: Trial, microBatch: number): Promise<{ seconds: number; modelled: number }> {
  const { config, model, trainSteps } = trial
  const shapes = calibrationShapes(model.shape)
  const rows = Math.min(microBatch, STEP_ROWS)
  const parts = config.batch / rows
  return await withSteps(trial, rows, async ({ step }) => {
    const time = (of: readonly ModelShape[], seconds: number): Promise<number[]> =>
      typicalSeconds(
        trial,
        of.map((shape) => () => step(shape)),
        seconds,
      )
    // The first steps of all make memory, threads and compiled code ready: more of them where the run is longer.
    const roughly = async (seconds: number): Promise<number> => {
      const [first] = await time(shapes.slice(0, 1), seconds)
      return timedFor((trainSteps * parts * first! * roughCost(model.shape)) / roughCost(shapes[0]!))
    }
    const atFirst = await roughly(TIMED.least)
    const each = atFirst > TIMED.least ? await roughly(Math.min(TIMED.warm, atFirst)) : atFirst
    const seconds = await time(shapes, each)
    const timed = shapes.map((shape, i): TimedStep => ({ blocks: stepBlocks(shape), seconds: seconds[i]! }))
    const modelled = stepSeconds(fitCost(timed), stepBlocks(model.shape))
    const whole = trainSteps * parts * modelled
    const allowed = Math.max(Math.min(CHECK.least, CHECK.small * whole), Math.min(CHECK.most, CHECK.share * whole))
    const checked = TRIALS * modelled <= allowed ? (await time([model.shape], each))[0]! : modelled
    return { seconds: parts * checked, modelled: parts * modelled }
  })
}

/** Seconds that something is timed for in a run that takes about so long. */
function timedFor(runSeconds: number): number {
  return Math.max(TIMED.least, Math.min(TIMED.most, TIMED.share * runSeconds))
}

/** An evaluation of so many rows by a model with small T and n, and what it stands for. */
interface TrialEvaluation {
  readonly model: Model
  readonly work: (rows: number, supervisionSteps: number) => () => void
  /** Puzzles of the test split, and those evaluated at one time. */
  readonly evaluated: number
  readonly rows: number
}

function trialEvaluation({ model, config, data }: Trial): TrialEvaluation {
  const evaluated = countEvaluated(data, { versions: config.evalVersions ?? undefined })
  const small = { ...model, shape: calibrationShapes(model.shape)[0]! }
  const work = (rows: number, supervisionSteps: number): (() => void) => {
    const [batch] = evaluationBatches(data, { batch: rows })
    return () => void evaluateBatch(small, small.weights, onOneRow(batch!), supervisionSteps)
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

/**
 * Seconds of one evaluation of the test split.
 *
 * @param seconds that evaluations of each size are timed for
 */
async function evaluationTime(trial: Trial, seconds: number): Promise<number> {
  const { model: small, work, rows, evaluated } = trialEvaluation(trial)
  if (rows === 0) return 0
  const { config, model } = trial
  const timed = Math.min(rows, EVALUATION_ROWS)
  const [one, two] = (await typicalSeconds(trial, [work(timed, 1), work(timed, 2)], seconds)) as [number, number]
  const perBlock = Math.max(0, two - one) / evaluationBlocks(small.shape)
  const blocks = resolveConfig(config).evaluation.evalSupervisionSteps * evaluationBlocks(model.shape)
  const batchSeconds = (rows / timed) * (one + perBlock * (blocks - evaluationBlocks(small.shape)))
  return Math.ceil(evaluated / rows) * batchSeconds
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
