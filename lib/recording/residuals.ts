import { UserError } from '../errors.js'
import { auc } from '../statistics/auc.js'
import { type Estimate, wilson } from '../statistics/estimate.js'
import type { Trajectories } from './trajectories.js'

/** Share of puzzles whose residual is below a threshold after one supervision step. */
export interface ResidualRow {
  readonly step: number
  readonly threshold: number
  /** Share of all puzzles with R_t < threshold, with Wilson's interval; puzzles that have left are not counted. */
  readonly share: Estimate
}

/**
 * Returns the share of puzzles with R_t = ‖z_t − z_{t−1}‖ / ‖z_{t−1}‖ below each threshold by supervision step. HRM's
 * one-step gradient assumes a fixed point, R_t = 0 (arXiv 2506.21734), which TRM's paper doubts (arXiv 2510.04871). A step
 * that every puzzle has left has no row.
 *
 * @throws UserError without thresholds, for one that is not positive, and for a model without z.
 */
export function residualsBelow(trajectories: Trajectories, thresholds: readonly number[]): ResidualRow[] {
  checkMoves(trajectories)
  const wrong = thresholds.find((threshold) => !(threshold > 0))
  if (thresholds.length === 0 || wrong !== undefined)
    throw new UserError({
      where: 'thresholds',
      expected: 'at least one, each above 0',
      found: wrong === undefined ? 'none' : String(wrong),
    })
  const { count, depth, deltaZ } = trajectories
  return thresholds.flatMap((threshold) =>
    Array.from({ length: depth }, (_, t) => {
      const known = Array.from({ length: count }, (_, i) => deltaZ[i * depth + t]!).filter((r) => !Number.isNaN(r))
      const below = known.filter((r) => r < threshold).length
      return known.length === 0 ? null : { step: t + 1, threshold, share: wilson(below, known.length) }
    }).filter((row) => row !== null),
  )
}

/** Options of {@link attractors}. */
export interface AttractorOptions {
  /** Last steps whose mean residual decides. Default 8. */
  readonly window?: number
  /** Share of E[R_1] below which a puzzle has converged. Default 0.05. */
  readonly below?: number
}

/** Puzzles by their last answer and by whether z has converged. */
export interface Attractors {
  /** Puzzles that are counted: those with `window` steps. */
  readonly puzzles: number
  /** The mean residual below which a puzzle has converged: `below` · E[R_1]. */
  readonly bound: number
  readonly rightConverged: number
  readonly rightMoving: number
  /** Puzzles in a wrong attractor: they have converged to a wrong answer. */
  readonly wrongConverged: number
  readonly wrongMoving: number
  /** Share of the failures that sit in a wrong attractor, with Wilson's interval; null without failures. */
  readonly wrongAttractor: Estimate | null
}

/**
 * Counts puzzles whose z has converged, by their last answer, as defined in "Thinking with Looped Flows" (arXiv 2609.11801):
 * the mean R of the last 8 steps is below 0.05 · E[R_1], the mean over puzzles. There 11.7 % of TRM's failures on
 * Sudoku-Extreme sit in a wrong attractor.
 *
 * @throws UserError for a window that is not between 1 and the steps after the first, and for a model without z.
 */
export function attractors(
  trajectories: Trajectories,
  { window = 8, below = 0.05 }: AttractorOptions = {},
): Attractors {
  const { count, depth, steps, exact, deltaZ } = trajectories
  checkMoves(trajectories)
  if (!(Number.isInteger(window) && window >= 1 && window < depth))
    throw new UserError({
      where: 'window',
      expected: `1 to ${depth - 1} last steps, of a recording of ${depth}`,
      found: String(window),
      todo: 'Record more supervision steps, or take a shorter window.',
    })
  const starts = Array.from({ length: count }, (_, i) => deltaZ[i * depth]!)
  const bound = (below * starts.reduce((sum, r) => sum + r, 0)) / count
  const counts = { rightConverged: 0, rightMoving: 0, wrongConverged: 0, wrongMoving: 0 }
  let puzzles = 0
  for (let i = 0; i < count; i++) {
    if (steps[i]! <= window) continue
    puzzles++
    const last = deltaZ.subarray(i * depth + steps[i]! - window, i * depth + steps[i]!)
    const converged = last.reduce((sum, r) => sum + r, 0) / window < bound
    const right = exact[(i + 1) * depth - 1] === 1
    counts[`${right ? 'right' : 'wrong'}${converged ? 'Converged' : 'Moving'}`]++
  }
  const failures = counts.wrongConverged + counts.wrongMoving
  return {
    puzzles,
    bound,
    ...counts,
    wrongAttractor: failures === 0 ? null : wilson(counts.wrongConverged, failures),
  }
}

/**
 * Returns the AUC of the last ‖Δz‖ as a flag of failure that needs no label: the probability that a failed puzzle moves more
 * than a solved one. The last step of a rollout that left early is that of its leaving.
 *
 * @returns null unless there are solved and failed puzzles, and for a model without z
 */
export function failureFlag(trajectories: Trajectories): Estimate | null {
  if (!hasZ(trajectories)) return null
  const { right, wrong } = lastResiduals(trajectories)
  return auc(
    [...right, ...wrong],
    [...right, ...wrong].map((_, i) => i >= right.length),
  )
}

/** Returns the residual of each puzzle's last computed step, apart for those that end right and wrong. */
export function lastResiduals({ count, depth, steps, exact, deltaZ }: Trajectories): {
  readonly right: number[]
  readonly wrong: number[]
} {
  const places = Array.from({ length: count }, (_, i) => i)
  const of = (right: 0 | 1): number[] =>
    places.filter((i) => exact[(i + 1) * depth - 1] === right).map((i) => deltaZ[i * depth + steps[i]! - 1]!)
  return { right: of(1), wrong: of(0) }
}

/** Returns whether the model has a latent z beside the answer; without one every recorded ‖Δz‖ is 0. */
export function hasZ({ deltaZ }: Trajectories): boolean {
  return deltaZ.some((delta) => delta !== 0 && !Number.isNaN(delta))
}

function checkMoves(trajectories: Trajectories): void {
  if (!hasZ(trajectories))
    throw new UserError({
      where: 'residuals',
      expected: 'a model with a latent z beside the answer',
      found: 'one without: every recorded ‖Δz‖ is 0',
    })
}
