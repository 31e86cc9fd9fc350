import { freemem } from 'node:os'
import * as tf from '@tensorflow/tfjs-core'
import { type Dtype, freeKernelMemory, kernels } from '../../backend/kernels.js'
import { peakTensorBytes } from '../../backend/tensor-memory.js'
import { isFunctionRecord } from '../../config/functions.js'
import { resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import { emptyBatch } from '../../data/batch.js'
import { UserError } from '../../errors.js'
import { evaluateBatch } from '../../evaluate/evaluate.js'
import { disposeCarry, emptyCarry, takeRows } from '../../model/carry.js'
import { disposeFused, fuseWeights } from '../../model/fused-weights.js'
import { disposeModel, initialModel, type Model, modelFromTensors } from '../../model/model.js'
import { initName, latentNames, type ModelShape, totalTokens } from '../../model/shape.js'
import { countParameters, PUZZLE_TABLE, weightSpecs } from '../../model/weights.js'
import { passOfRows } from '../../train/pass.js'
import { disposeState, initialState, trainStep } from '../../train/step.js'
import { chooseDtype } from '../run/dtype.js'
import { stepOptions } from '../run/resolve.js'
import type { RunWork } from './work.js'

/** The memory of a run, and the micro-batch that keeps within it. */
export interface Estimate {
  /** Rows computed at a time: the requested number, or as many as fit. */
  readonly microBatch: number
  /** Peak bytes beyond those that the process already holds. */
  readonly peakBytes: number
  /** Bytes that the machine has free for this process. */
  readonly availableBytes: number
  /** The type that the blocks are computed in. */
  readonly dtype: Dtype
}

/** Copies of the weights during training: weights, gradients, two moments, EMA. The puzzle embedding has one. */
const WEIGHT_COPIES = 5

/** Limits of a step when its micro-batch is chosen, as a share of free memory and in bytes: more rows are no faster. */
const BUDGET = { share: 0.8, bytes: 6e9 }

/** Copies of the latents of rows that wait for their micro-batch: before, after, and parts of both. */
const LATENT_COPIES = 4

/** Hidden states that the fused kernels hold beside tensors: those between updates, and their gradients. */
const KERNEL_STATES = 6

/**
 * Bytes by which a process grows beside its tensors: compiled code, working memory of the fused kernels, and copies of the
 * weights that are garbage or not yet returned to the system. Measured with `recurlab bench scaling`.
 */
const PROCESS = { bytes: 42e6, weightCopies: 3 }

/**
 * Estimates the memory of a run, extrapolated from a step and an evaluation of a few rows of zeros.
 *
 * @throws UserError for a run that does not fit in memory, with the bytes needed and free and the keys to change.
 */
export function estimateMemory({ config, shape, trainSteps, evaluated }: RunWork): Estimate {
  const availableBytes = process.availableMemory?.() ?? freemem()
  const table = 4 * shape.puzzleIdentifiers * shape.puzzleDim
  checkFits(config, WEIGHT_COPIES * (4 * countParameters(shape) - table) + table, availableBytes)
  const dtype = chooseDtype(config.dtype, config.mixer)
  // The trial step reads one row of the puzzle embedding.
  const small = { ...shortest(shape), puzzleIdentifiers: 1 }
  // A custom function may not be finite at zero.
  const hasOwn = isFunctionRecord(config.mixer) || isFunctionRecord(config.loss)
  const model = (hasOwn ? initialModel(small, config.seed) : modelOfZeros(small)).with({ dtype })
  try {
    const step = stepMemory(model, config, trainSteps)
    const peakOf = (rows: number): number => PROCESS.bytes + table + step(rows)
    const microBatch = chooseMicroBatch(config, peakOf, availableBytes)
    const evaluation = evaluationMemory(model, Math.min(config.evalBatch, evaluated))
    const peakBytes = Math.max(peakOf(microBatch), PROCESS.bytes + table + evaluation)
    checkFits(config, peakBytes, availableBytes)
    return { microBatch, peakBytes, availableBytes, dtype }
  } finally {
    disposeModel(model)
    freeKernelMemory()
  }
}

/**
 * Returns the model with the fewest updates that needs as much memory: latents between updates without gradient are freed.
 */
function shortest(shape: ModelShape): ModelShape {
  const { recursion } = shape
  if (!recursion) return { ...shape, T: 1 }
  return { ...shape, recursion: { ...recursion, order: recursion.order.slice(-recursion.gradientUpdates) } }
}

function modelOfZeros(shape: ModelShape): Model {
  const zeros = (of: readonly number[]) => ({ shape: of, data: new Float32Array(of.reduce((a, b) => a * b, 1)) })
  const tensors = new Map([...weightSpecs(shape)].map(([name, spec]) => [name, zeros(spec.shape)]))
  for (const latent of latentNames(shape)) tensors.set(initName(latent), zeros([shape.hidden]))
  return modelFromTensors(shape, tensors.set(PUZZLE_TABLE, zeros([1, shape.puzzleDim])))
}

/**
 * Returns the bytes of a step as a function of the rows computed at a time: the weights, moments and EMA, plus the larger
 * of a pass, which is linear in its rows, and of an update.
 */
function stepMemory(model: Model, config: Config, trainSteps: number): (rows: number) => number {
  const { shape } = model
  const pass = scaledUp(config.batch, (rows) => {
    const carry = emptyCarry(model, rows)
    const bytes = peakTensorBytes(() => {
      const taken = takeRows(carry, carry.batch, model)
      const fused = fuseWeights(model.weights, shape, true, model.dtype)
      const { state, outputs, gradients } = passOfRows(model, fused, taken, config.loss, rows)
      if (fused) disposeFused(fused)
      disposeCarry(taken)
      tf.dispose([...Object.values(state), ...Object.values(outputs), ...Object.values(gradients)])
    })
    disposeCarry(carry)
    return bytes
  })
  const state = initialState(model, Math.min(FEW_ROWS[1], config.batch), config.ema, config.seed)
  const options = stepOptions(resolveConfig({ ...config, lr: 0, puzzleLr: 0 }), trainSteps)
  const update = peakTensorBytes(() => trainStep(state, state.carry.batch, options))
  disposeState(state)
  const fast = kernels()
  // Every thread of the fused kernels but one has its own sums of the weights' gradients.
  const copies = (config.ema > 0 ? 4 : 3) + PROCESS.weightCopies + (fast ? fast.threads - 1 : 0)
  const held = copies * 4 * (countParameters(shape) - shape.puzzleDim)
  const hidden = 4 * totalTokens(shape) * shape.hidden
  const waiting = latentNames(shape).length * hidden * LATENT_COPIES
  return (rows) =>
    held + (fast ? rows * KERNEL_STATES * hidden : 0) + Math.max(pass(rows), update) + (config.batch - rows) * waiting
}

/** Returns the bytes of an evaluation with `rows` rows at a time. */
function evaluationMemory(model: Model, rows: number): number {
  if (rows === 0) return 0
  const small = (few: number): number =>
    peakTensorBytes(() => evaluateBatch(model, model.weights, emptyBatch(few, model.shape.seqLen), 1))
  return scaledUp(rows, small)(rows)
}

const FEW_ROWS = [2, 4] as const

/**
 * Returns the straight line through the bytes of two and four rows, if `most` allows; never below the bytes of four.
 */
function scaledUp(most: number, bytesOf: (rows: number) => number): (rows: number) => number {
  const [few, more] = FEW_ROWS.map((rows) => Math.min(rows, most)) as [number, number]
  const [small, large] = [bytesOf(few), bytesOf(more)]
  const slope = more > few ? Math.max(0, (large - small) / (more - few)) : large / more
  return (rows) => large + slope * (rows - more)
}

/**
 * Returns the requested micro-batch; for `auto`, the whole batch if a step with it keeps within the budget, else equal
 * parts that do.
 *
 * @param peakOf bytes of a step by the rows of a micro-batch
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

/** Refuses a run that does not fit. @throws UserError with the bytes needed and free. */
function checkFits(config: Config, bytes: number, available: number): void {
  if (bytes <= available) return
  const rows = config.microBatch === 'auto' ? 1 : config.microBatch
  const fits = Math.floor((Math.min(rows, config.batch) * available) / bytes)
  throw new UserError({
    where: 'memory',
    expected: `at most ${formatBytes(available)}, the free memory of the machine`,
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
