import * as tf from '@tensorflow/tfjs-core'
import { type Dtype, freeKernelMemory, kernels } from '../../backend/kernels.js'
import { peakTensorBytes } from '../../backend/tensor-memory.js'
import { emptyBatch } from '../../data/batch.js'
import { UserError } from '../../errors.js'
import { evaluateBatch } from '../../evaluate/evaluate.js'
import { sizeText } from '../../files/space.js'
import { emptyCarry } from '../../model/carry.js'
import { disposeFused, fuseWeights } from '../../model/fused-weights.js'
import { disposeModel, initialModel, type Model } from '../../model/model.js'
import { latentNames, totalTokens } from '../../model/shape.js'
import { countParameters } from '../../model/weights.js'
import { passOfRows } from '../../train/pass.js'
import { chooseDtype } from '../run/dtype.js'
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
  /** The keys that lower the peak, as a sentence; the one that lowers it most comes first. */
  readonly lower: string
}

/** Limits of a step when its micro-batch is chosen, as a share of free memory and in bytes: more rows are no faster. */
const BUDGET = { share: 0.8, bytes: 6e9 }

/** Hidden states beside the tensors of a pass: per row in the fused kernels, per latent of rows that wait for their part. */
const STATES = { kernels: 6, waiting: 4 }

/**
 * Bytes by which a process grows beside its tensors: compiled code, working memory of the fused kernels, and copies of the
 * weights that are garbage or not yet returned to the system. Measured with `recurlab bench scaling`.
 */
const PROCESS = { bytes: 42e6, weightCopies: 3 }

/**
 * Estimates the memory of a run from trials of a few rows of zeros, and chooses its micro-batch: for `auto` the whole
 * batch, or the largest equal parts of it that keep within the budget.
 *
 * @param availableBytes default: the free memory of the machine
 * @throws UserError for a run that does not fit in memory, with the bytes needed and free and the keys to change.
 */
export function estimateMemory(work: RunWork, availableBytes = process.availableMemory()): Estimate {
  const { config, shape, evaluated } = work
  const { batch, evalBatch, ema, loss, microBatch: asked } = config
  const fast = kernels()
  const table = 4 * shape.puzzleIdentifiers * shape.puzzleDim
  const weights = 4 * countParameters(shape) - table
  // Weights, two moments and EMA; every thread of the fused kernels but one has its own sums of the gradients.
  const copies = (ema > 0 ? 4 : 3) + PROCESS.weightCopies + (fast ? fast.threads - 1 : 0)
  const held = PROCESS.bytes + table + copies * weights
  checkFits(held, availableBytes, lowering({ ...sizesOf(work), table, weights: copies * weights }))
  const dtype = chooseDtype(config.dtype, config.mixer)
  // Rows of zeros read one row of the puzzle embedding.
  const model = initialModel({ ...shape, puzzleIdentifiers: 1 }, config.seed).with({ dtype })
  try {
    const evaluation = bytesByRows((rows) => evaluateBatch(model, model.weights, emptyBatch(rows, shape.seqLen), 1))
    const pass = bytesByRows((rows) => {
      const carry = emptyCarry(model, rows)
      const fused = fuseWeights(model.weights, shape, true, dtype)
      const { state, outputs, gradients } = passOfRows(model, fused, carry, loss, rows)
      if (fused) disposeFused(fused)
      tf.dispose([carry.state, state, { ...outputs }, gradients])
    })
    const hidden = 4 * totalTokens(shape) * shape.hidden
    const [computed, waiting] = [fast ? STATES.kernels : 0, STATES.waiting * latentNames(shape).length]
    // An update holds all gradients at once.
    const step = (rows: number): number =>
      held + Math.max(pass(rows), weights) + (rows * computed + (batch - rows) * waiting) * hidden
    const budget = Math.min(BUDGET.share * availableBytes, BUDGET.bytes)
    let rows = asked === 'auto' ? batch : Math.min(asked, batch)
    for (let parts = 2; asked === 'auto' && rows > 1 && step(rows) > budget; parts++) rows = Math.ceil(batch / parts)
    const evaluating = evaluation(Math.min(evalBatch, evaluated))
    const peakBytes = Math.max(step(rows), held + evaluating)
    const parts = { table, weights: copies * weights, rows: step(rows) - held, evaluating }
    const lower = lowering({ ...sizesOf(work), ...parts, microBatch: rows })
    checkFits(peakBytes, availableBytes, lower)
    return { microBatch: rows, peakBytes, availableBytes, dtype, lower }
  } finally {
    disposeModel(model)
    freeKernelMemory()
  }
}

/** Tensors of a latent's size that rollouts hold beside those of the supervision step: earlier latents, noise. */
const ROLLOUT_LATENTS = 3

/** The rows of a supervision step of rollouts. */
export interface RolloutRows {
  /** Rows computed at a time: the requested number, or as many as keep within the budget. */
  readonly rows: number
  /** Peak bytes beyond those that the process already holds. */
  readonly peakBytes: number
}

/**
 * Chooses the number of rollouts that are computed at a time. It decides speed and memory, never results.
 *
 * @param asked the most rows
 * @param availableBytes default: the free memory of the machine
 * @throws UserError if not even one row fits in memory, with the bytes needed and free.
 */
export function rolloutRows(model: Model, asked: number, availableBytes = process.availableMemory()): RolloutRows {
  const { shape } = model
  const bytes = bytesByRows((rows) => evaluateBatch(model, model.weights, emptyBatch(rows, shape.seqLen), 1))
  const beside =
    4 *
    (ROLLOUT_LATENTS * latentNames(shape).length * totalTokens(shape) * shape.hidden +
      2 * shape.seqLen * shape.vocabSize)
  const peak = (rows: number): number => PROCESS.bytes + bytes(rows) + rows * beside
  if (peak(1) > availableBytes)
    throw new UserError({
      where: 'memory',
      expected: `at most ${sizeText(availableBytes)}, the free memory of the machine`,
      found: `a supervision step of one rollout that needs ${sizeText(peak(1))}`,
      todo: 'End other work on this machine, or use one with more memory: rollouts are already computed one at a time.',
    })
  const budget = Math.min(BUDGET.share * availableBytes, BUDGET.bytes)
  let rows = asked
  for (let parts = 2; rows > 1 && peak(rows) > budget; parts++) rows = Math.ceil(asked / parts)
  return { rows, peakBytes: peak(rows) }
}

/** Returns the peak bytes of some work as a function of its rows: the straight line through one and two rows. */
function bytesByRows(work: (rows: number) => void): (rows: number) => number {
  const [one, two] = [peakTensorBytes(() => work(1)), peakTensorBytes(() => work(2))]
  return (rows) => one + (two - one) * (rows - 1)
}

/** Bytes by what needs them, and the values of the keys that they follow from. */
interface Needs {
  readonly table: number
  readonly weights: number
  /** Of the rows of a step. Default 0. */
  readonly rows?: number
  /** Of the rows of an evaluation. Default 0. */
  readonly evaluating?: number
  readonly microBatch: number
  readonly batch: number
  readonly evalBatch: number
  readonly hidden: number
  readonly puzzleDim: number
}

function sizesOf({ config, shape }: RunWork): Omit<Needs, 'table' | 'weights'> {
  const { batch, evalBatch, microBatch } = config
  const { hidden, puzzleDim } = shape
  return { batch, evalBatch, hidden, puzzleDim, microBatch: microBatch === 'auto' ? batch : microBatch }
}

/** Says which keys lower the memory, beginning with those of the largest part. */
function lowering({ table, weights, rows = 0, evaluating = 0, ...keys }: Needs): string {
  const all = [
    // Steps and evaluations do not need theirs at the same time.
    { bytes: evaluating > rows ? evaluating : 0, keys: `evalBatch (${keys.evalBatch})` },
    { bytes: rows, keys: `microBatch (${keys.microBatch}; auto chooses one that fits) or batch (${keys.batch})` },
    { bytes: weights, keys: `hidden (${keys.hidden}), layers or expansion` },
    { bytes: table, keys: `puzzleDim (${keys.puzzleDim})` },
  ]
  const least = 0.01 * all.reduce((sum, { bytes }) => sum + bytes, 0)
  const sorted = all.filter(({ bytes }) => bytes > least).sort((a, b) => b.bytes - a.bytes)
  const [first, ...others] = sorted.map(({ bytes, keys }) => `${keys}, for ${sizeText(bytes)}`)
  return `Lower ${[first, ...others].join('; then ')}.`
}

/** Refuses a run that does not fit in memory. @throws UserError with the bytes needed and free. */
function checkFits(bytes: number, available: number, todo: string): void {
  if (bytes <= available) return
  throw new UserError({
    where: 'memory',
    expected: `at most ${sizeText(available)}, the free memory of the machine`,
    found: `a step that needs ${sizeText(bytes)}`,
    todo,
  })
}
