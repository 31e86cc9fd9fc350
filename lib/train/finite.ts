import type * as tf from '@tensorflow/tfjs-core'
import { publishedLatent } from '../model/shape.js'
import { PUZZLE_TABLE, type Weights } from '../model/weights.js'
import type { Pass } from './pass.js'
import { EMA, FIRST_MOMENT, SECOND_MOMENT } from './snapshot.js'
import { sumsOfSquares } from './squares.js'
import type { TrainingState } from './step.js'

/** The error of a training step that computed NaN or infinity and changed nothing. */
export class NotFinite extends Error {
  override readonly name = 'NotFinite'
  /** Losses of the step, summed over rows. */
  readonly losses: Pass['losses']
  /** Whether the state before the step holds NaN or infinity already, so that no later step can do better. */
  readonly inState: boolean

  constructor(message: string, losses: Pass['losses'], inState: boolean) {
    super(message)
    this.losses = losses
    this.inState = inState
  }
}

/** Euclidean norms over all weights that the optimiser trains; null if it trains none. */
export interface StepNorms {
  /** Of the gradient of (loss / B). */
  readonly gradient: number | null
  /** Of the weights before the update. */
  readonly weights: number | null
}

/** Sums of squares of a step, one per trained weight in their order. */
export interface StepSquares {
  readonly gradients: Float64Array
  readonly weights: Float64Array
  readonly firstMoments: Float64Array
}

/** A tensor that is checked, named as in a checkpoint. */
interface Named {
  readonly name: string
  readonly tensor: tf.Tensor
  readonly inState: boolean
}

/**
 * Checks all that a step has computed and all that its update reads: losses, gradients, latents; trained weights, their
 * moments and averages. Every tensor is read once.
 *
 * @throws NotFinite naming the losses, and the first tensor, that hold NaN or infinity.
 */
export function checkStep(state: TrainingState, pass: Pass): StepSquares {
  const names = Object.keys(pass.gradients)
  const tensors = checkedTensors(state, pass, names)
  const squares = Float64Array.from(sumsOfSquares(tensors.map(({ tensor }) => tensor)))
  const losses = badLosses(pass.losses)
  for (const [i, sum] of squares.entries())
    if (!Number.isFinite(sum)) {
      const data = tensors[i]!.tensor.dataSync() as Float32Array
      if (!isFiniteArray(data)) throw notFinite(state, pass, losses, tensors)
      // Finite numbers above 1e19, whose squares are too large for float32.
      squares[i] = data.reduce((total, x) => total + x * x, 0)
    }
  const isFinitePass = losses.length === 0 && (!pass.puzzleGradients || isFiniteArray(pass.puzzleGradients))
  if (!isFinitePass) throw notFinite(state, pass, losses, tensors)
  const of = (kind: number): Float64Array => squares.subarray(kind * names.length, (kind + 1) * names.length)
  return { gradients: of(0), weights: of(1), firstMoments: of(2) }
}

/** Returns the norms of a step. */
export function stepNorms({ gradients, weights }: StepSquares): StepNorms {
  const norm = (squares: Float64Array): number => Math.sqrt(squares.reduce((sum, square) => sum + square, 0))
  if (gradients.length === 0) return { gradient: null, weights: null }
  return { gradient: norm(gradients), weights: norm(weights) }
}

/** Returns what a step reads and makes; gradients, weights and first moments come first, in the order of `names`. */
function checkedTensors({ model, optimizer, ema }: TrainingState, pass: Pass, names: readonly string[]): Named[] {
  const all = (prefix: string, weights: Weights, inState: boolean): Named[] =>
    names.map((name) => ({ name: prefix + name, tensor: weights[name]!, inState }))
  const latents = Object.entries(pass.state).map(([latent, tensor]) => {
    return { name: `carry/${publishedLatent(latent)}`, tensor, inState: false }
  })
  return [
    ...all('the gradient of ', pass.gradients, false),
    ...all('', model.weights, true),
    ...all(FIRST_MOMENT, optimizer.m, true),
    ...all(SECOND_MOMENT, optimizer.v, true),
    ...(ema ? all(EMA, ema, true) : []),
    ...latents,
  ]
}

function badLosses({ lmLoss, qHaltLoss, qContinueLoss }: Pass['losses']): string[] {
  return Object.entries({ lmLoss, haltLoss: qHaltLoss, continueLoss: qContinueLoss ?? 0 })
    .filter(([, value]) => !Number.isFinite(value))
    .map(([name, value]) => `${name} ${value}`)
}

/** Returns the error of a pass: its losses and the first tensor to blame, one of the state before any that was computed from it. */
function notFinite(state: TrainingState, pass: Pass, losses: readonly string[], tensors: readonly Named[]): NotFinite {
  const { weights, puzzleTable } = state.model
  const inState = firstNotFinite([
    ...tensors.filter((one) => one.inState).map(({ name, tensor }) => [name, tensor] as const),
    ...Object.entries(weights),
    [PUZZLE_TABLE, puzzleTable] as const,
  ])
  const made = firstNotFinite([
    ...tensors.filter((one) => !one.inState).map(({ name, tensor }) => [name, tensor] as const),
    ['the logits', pass.outputs.logits] as const,
    ...(pass.puzzleGradients ? [['the gradient of the puzzle embedding', pass.puzzleGradients] as const] : []),
  ])
  const tensor = inState ?? made
  return new NotFinite([...losses, ...(tensor === null ? [] : [tensor])].join(' and '), pass.losses, inState !== null)
}

/**
 * Describes the first of several arrays or tensors that holds NaN or infinity: `NaN in q_head.bias (1 of 2 numbers)`; null if all
 * are finite.
 */
export function firstNotFinite(
  arrays: Iterable<readonly [name: string, data: Float32Array | tf.Tensor]>,
): string | null {
  for (const [name, data] of arrays) {
    const array = data instanceof Float32Array ? data : (data.dataSync() as Float32Array)
    if (isFiniteArray(array)) continue
    const bad = array.filter((x) => !Number.isFinite(x))
    const kinds = [...new Set(Array.from(bad, String))].join(', ')
    return `${kinds} in ${name} (${bad.length} of ${array.length} numbers)`
  }
  return null
}

/** Returns whether all numbers are finite: the sum of 0 × x is then 0, however large they are. */
export function isFiniteArray(data: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]!
  return sum === 0
}
