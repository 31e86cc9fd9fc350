import { UserError } from '../errors.js'
import { auc } from '../statistics/auc.js'
import { type Estimate, estimate, wilson } from '../statistics/estimate.js'
import type { Trajectories } from './trajectories.js'

/** Puzzles whose halting probability lies in one bin. */
export interface CalibrationBin {
  /** Ends of the bin: low ≤ σ(q) < high; the last includes 1. */
  readonly low: number
  readonly high: number
  readonly puzzles: number
  /** Mean halting probability; null without puzzles. */
  readonly probability: number | null
  /** Share of right answers, with Wilson's interval; null without puzzles. */
  readonly right: Estimate | null
}

/** How well the halting head knows which answers are right, at one supervision step. */
export interface Calibration {
  readonly step: number
  readonly puzzles: number
  /** Probability that a right answer has a larger q than a wrong one; null unless there are both. */
  readonly auc: Estimate | null
  /** Share of right answers among those with q ≥ 0; null without one. */
  readonly precision: Estimate | null
  /** Share of the right answers that have q ≥ 0; null without one. */
  readonly recall: Estimate | null
  /** Mean distance of halting probability and share of right answers over the bins, weighted by their puzzles. */
  readonly calibrationError: number
  readonly bins: readonly CalibrationBin[]
}

/**
 * Returns how well q_halt tells right answers from wrong ones after a supervision step: AUC, precision and recall of q ≥ 0,
 * and the share of right answers by halting probability σ(q) in bins of equal width.
 *
 * @param step counted from 1
 * @param bins number of bins
 * @throws UserError for a step that was not recorded, or fewer than one bin.
 */
export function calibration(trajectories: Trajectories, step: number, bins = 10): Calibration {
  const { count, depth, exact, qHalt } = trajectories
  checkStep(step, depth)
  if (!(Number.isInteger(bins) && bins >= 1))
    throw new UserError({ where: 'bins', expected: 'a whole number of 1 or more', found: String(bins) })
  const cases = Array.from({ length: count }, (_, i) => {
    const q = qHalt[i * depth + step - 1]!
    return { q, probability: 1 / (1 + Math.exp(-q)), right: exact[i * depth + step - 1] === 1 }
  }).filter(({ q }) => !Number.isNaN(q))
  const rights = (some: typeof cases): number => some.filter(({ right }) => right).length
  const share = (some: number, of: number): Estimate | null => (of === 0 ? null : wilson(some, of))
  const halting = cases.filter(({ q }) => q >= 0)
  const rows = Array.from({ length: bins }, (_, bin): CalibrationBin => {
    const inBin = cases.filter(({ probability }) => Math.min(bins - 1, Math.floor(probability * bins)) === bin)
    const sum = inBin.reduce((total, { probability }) => total + probability, 0)
    return {
      low: bin / bins,
      high: (bin + 1) / bins,
      puzzles: inBin.length,
      probability: inBin.length === 0 ? null : sum / inBin.length,
      right: share(rights(inBin), inBin.length),
    }
  })
  const off = rows.reduce(
    (sum, { puzzles, probability, right }) =>
      probability === null || right === null ? sum : sum + puzzles * Math.abs(probability - right.value),
    0,
  )
  return {
    step,
    puzzles: cases.length,
    auc: auc(
      cases.map(({ q }) => q),
      cases.map(({ right }) => right),
    ),
    precision: share(rights(halting), halting.length),
    recall: share(rights(halting), rights(cases)),
    calibrationError: off / cases.length,
    bins: rows,
  }
}

/** Mean halting logit of puzzles that end right or wrong. */
export interface HaltingRow {
  readonly step: number
  readonly ends: 'right' | 'wrong'
  /** Mean of q over puzzles, with Student's interval. */
  readonly q: Estimate
}

/**
 * Returns the mean q_halt by supervision step, of the puzzles whose last answer is right and of those whose last answer is
 * wrong, as PTRM's figure 3 (arXiv 2605.19943).
 */
export function haltingBySteps({ count, depth, exact, qHalt }: Trajectories): HaltingRow[] {
  return (['right', 'wrong'] as const).flatMap((ends) => {
    const members = Array.from({ length: count }, (_, i) => i).filter(
      (i) => (exact[(i + 1) * depth - 1] === 1) === (ends === 'right'),
    )
    if (members.length === 0) return []
    return Array.from({ length: depth }, (_, t) => {
      const values = members.map((i) => qHalt[i * depth + t]!).filter(Number.isFinite)
      return values.length === 0 ? null : { step: t + 1, ends, q: estimate(values) }
    }).filter((row) => row !== null)
  })
}

function checkStep(step: number, depth: number): void {
  if (!(Number.isInteger(step) && step >= 1 && step <= depth))
    throw new UserError({ where: 'step', expected: `a recorded supervision step, 1 to ${depth}`, found: String(step) })
}
