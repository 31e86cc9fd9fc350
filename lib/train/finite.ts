import type * as tf from '@tensorflow/tfjs-core'
import type { Carry } from '../model/carry.js'
import type { State } from '../model/recursion.js'
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

/** Numbers with their name in a checkpoint, or words where no checkpoint holds them. */
type Named = readonly [name: string, data: tf.Tensor | Float32Array]

/**
 * Checks all that a step has computed and all that its update reads: losses, gradients, latents; trained weights, their
 * moments and averages. Every tensor is read once.
 *
 * @param taken the carry that the pass began with
 * @throws NotFinite naming the losses, and the first tensor, that hold NaN or infinity.
 */
export function checkStep(state: TrainingState, taken: Carry, pass: Pass): StepSquares {
  const names = Object.keys(pass.gradients)
  // Gradients, weights and first moments come first, each in the order of the names.
  const before = stateOf(state, names).map(([, tensor]) => tensor)
  const tensors = [...Object.values(pass.gradients), ...before, ...Object.values(pass.state)]
  const squares = Float64Array.from(sumsOfSquares(tensors))
  const losses = badLosses(pass.losses)
  for (const [i, sum] of squares.entries()) {
    if (Number.isFinite(sum)) continue
    const data = tensors[i]!.dataSync() as Float32Array
    if (!isFiniteArray(data)) throw notFinite(state, taken, pass, losses)
    // Finite numbers above 1e19, whose squares are too large for float32.
    squares[i] = data.reduce((total, x) => total + x * x, 0)
  }
  if (losses.length > 0 || (pass.puzzleGradients && !isFiniteArray(pass.puzzleGradients)))
    throw notFinite(state, taken, pass, losses)
  const of = (kind: number): Float64Array => squares.subarray(kind * names.length, (kind + 1) * names.length)
  return { gradients: of(0), weights: of(1), firstMoments: of(2) }
}

/** Returns the norms of a step. */
export function stepNorms({ gradients, weights }: StepSquares): StepNorms {
  const norm = (squares: Float64Array): number => Math.sqrt(squares.reduce((sum, square) => sum + square, 0))
  if (gradients.length === 0) return { gradient: null, weights: null }
  return { gradient: norm(gradients), weights: norm(weights) }
}

/** Returns the trained weights, their moments and averages. */
function stateOf({ model, optimizer, ema }: TrainingState, names: readonly string[]): [string, tf.Tensor][] {
  const all = (prefix: string, weights: Weights): [string, tf.Tensor][] =>
    names.map((name) => [prefix + name, weights[name]!])
  return [
    ...all('', model.weights),
    ...all(FIRST_MOMENT, optimizer.m),
    ...all(SECOND_MOMENT, optimizer.v),
    ...(ema ? all(EMA, ema) : []),
  ]
}

function badLosses({ lmLoss, qHaltLoss, qContinueLoss }: Pass['losses']): string[] {
  return Object.entries({ lmLoss, haltLoss: qHaltLoss, continueLoss: qContinueLoss ?? 0 })
    .filter(([, value]) => !Number.isFinite(value))
    .map(([name, value]) => `${name} ${value}`)
}

/** Returns the error of a pass: its losses, and the first tensor that is not finite in the order in which a step computes them. */
function notFinite(state: TrainingState, taken: Carry, pass: Pass, losses: readonly string[]): NotFinite {
  const { weights, puzzleTable } = state.model
  const before = firstNotFinite([
    ...stateOf(state, Object.keys(pass.gradients)),
    ...Object.entries(weights),
    [PUZZLE_TABLE, puzzleTable],
  ])
  const tensor =
    before ??
    firstNotFinite([
      ...latentsOf(taken.state, ' before the step'),
      ...latentsOf(pass.state),
      ['the logits', pass.outputs.logits],
      ...Object.entries(pass.gradients).map(([name, gradient]): Named => [`the gradient of ${name}`, gradient]),
      ...(pass.puzzleGradients ? [['the gradient of the puzzle embedding', pass.puzzleGradients] as const] : []),
    ])
  return new NotFinite([...losses, ...(tensor === null ? [] : [tensor])].join(' and '), pass.losses, before !== null)
}

function latentsOf(latents: State, when = ''): Named[] {
  return Object.entries(latents).map(([latent, tensor]) => [`carry/${publishedLatent(latent)}${when}`, tensor])
}

/**
 * Describes the first of several arrays or tensors that holds NaN or infinity: `NaN in q_head.bias (1 of 2 numbers)`; null if
 * all are finite.
 */
export function firstNotFinite(arrays: Iterable<Named>): string | null {
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
function isFiniteArray(data: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]!
  return sum === 0
}
