import * as tf from '@tensorflow/tfjs-core'
import { PUZZLE_TABLE } from '../model/weights.js'
import { firstNotFinite, NotFinite, type StepSquares } from './finite.js'
import { ADAMW_EPSILON, type OptimizerOptions, optimizerStep, pickWeights, updateNumbers } from './optimizer.js'
import type { Pass } from './pass.js'
import { EMA, FIRST_MOMENT, SECOND_MOMENT } from './snapshot.js'
import type { TrainingState } from './step.js'

/** Bounds below which numbers, and the squares of numbers, stay far from the largest float32, 3.4e38. */
const SAFE = 1e37
const SAFE_TO_SQUARE = 1e18

/** The rates of an update. */
export interface UpdateRates {
  readonly lr: number
  readonly puzzleLr: number
  readonly puzzleWeightDecay: number
  readonly optimizer: OptimizerOptions
  /** EMA rate μ. */
  readonly ema: number
}

/**
 * Checks that the update of a finite state by a finite gradient is finite. Bounds decide; where they are exceeded, the update is
 * computed and discarded.
 *
 * @param puzzleIds `[B]`, the rows of the puzzle embedding that are updated
 * @throws NotFinite naming the first tensor that would hold NaN or infinity; nothing has changed then.
 */
export function checkUpdate(
  state: TrainingState,
  pass: Pass,
  squares: StepSquares,
  puzzleIds: Int32Array,
  rates: UpdateRates,
): void {
  const { optimizer } = rates
  const { rate, secondScale, keep } = updateNumbers(optimizer, rates.lr, state.optimizer.t + 1, rates.ema)
  const isSafe = (i: number): boolean => {
    // No number of a tensor is larger than its norm.
    const gradient = Math.sqrt(squares.gradients[i]!)
    const moment = Math.max(gradient, Math.sqrt(squares.firstMoments[i]!))
    const direction = optimizer.kind === 'adamatan2' ? Math.PI / 2 : moment / ADAMW_EPSILON
    const weight = Math.sqrt(squares.weights[i]!) * Math.abs(keep) + direction * rate
    return gradient < SAFE_TO_SQUARE && weight < SAFE && Number.isFinite(secondScale)
  }
  for (const [i, name] of Object.keys(pass.gradients).entries()) {
    const found = isSafe(i) ? null : triedUpdate(state, pass, name, rates)
    if (found !== null) throw new NotFinite(`an update to ${found}`, pass.losses, false)
  }
  if (pass.puzzleGradients && !puzzleRowsStaySafe(state, puzzleIds, rates))
    throw new NotFinite(`an update to numbers beyond ${SAFE} in ${PUZZLE_TABLE}`, pass.losses, false)
}

/** Computes the update of one weight and frees it; returns what would not be finite. */
function triedUpdate(state: TrainingState, { gradients }: Pass, name: string, rates: UpdateRates): string | null {
  const { m, v, t } = state.optimizer
  let found: string | null = null
  tf.tidy(() => {
    const [weight, gradient, ema] = [state.model.weights, gradients, state.ema].map(
      (all) => all && pickWeights(all, [name]),
    )
    const after = optimizerStep(weight!, gradient!, { m, v, t }, rates.lr, rates.optimizer, ema, rates.ema)
    found = firstNotFinite([
      [name, after.weights[name]!],
      [FIRST_MOMENT + name, after.state.m[name]!],
      [SECOND_MOMENT + name, after.state.v[name]!],
      ...(after.ema ? [[EMA + name, after.ema[name]!] as const] : []),
    ])
  })
  return found
}

function puzzleRowsStaySafe({ model }: TrainingState, ids: Int32Array, rates: UpdateRates): boolean {
  const { puzzleTable, shape } = model
  let largest = 0
  for (const id of ids)
    for (let at = id * shape.puzzleDim; at < (id + 1) * shape.puzzleDim; at++)
      largest = Math.max(largest, Math.abs(puzzleTable[at]!))
  return largest * Math.abs(1 - rates.puzzleLr * rates.puzzleWeightDecay) + rates.puzzleLr < SAFE
}
