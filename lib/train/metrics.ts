import type { Spent } from '../backend/spent.js'
import type { TrainingCompute } from '../model/macs.js'
import type { StepReport } from './step.js'

/** Totals of training so far, without evaluations and saves. */
export interface TrainingTotals extends TrainingCompute {
  /** Steps without an update, because they computed NaN or infinity. */
  readonly skippedUpdates: number
  /** Seconds by the clock. */
  readonly trainSeconds: number
  /** Seconds of processor cores, all threads of this process. */
  readonly trainCpuSeconds: number
  /** Joules of the machine's processors; absent if unknown. */
  readonly trainJoules?: number
}

/** Returns the totals of training from its compute, the number of skipped updates, and what it has taken. */
export function trainingTotals(
  compute: TrainingCompute,
  skippedUpdates: number,
  { seconds, cpuSeconds, joules }: Spent,
): TrainingTotals {
  return {
    ...compute,
    skippedUpdates,
    trainSeconds: seconds,
    trainCpuSeconds: cpuSeconds,
    ...(joules === null ? {} : { trainJoules: joules }),
  }
}

/**
 * Metrics of one supervision step: losses per row, NaN or infinite only in a skipped step; shares and means over the rows that
 * halted in it; totals so far.
 */
export interface StepMetrics extends TrainingTotals {
  /** Optimiser steps, including this one. */
  readonly step: number
  readonly loss: number
  /** The cross-entropy of the tokens. */
  readonly lmLoss: number
  readonly haltLoss: number
  /** Present only with a continue loss. */
  readonly continueLoss?: number
  /** Share of halted rows whose answer is fully correct; like the metrics below, null if no row halted. */
  readonly exact: number | null
  /** Mean share of correct cells of halted rows. */
  readonly cells: number | null
  /** Share of halted rows where (q_halt ≥ 0) matches whether the answer is correct: the published `q_halt_accuracy`. */
  readonly haltAccuracy: number | null
  /** Share of halted rows whose halting head chose to halt; the others reached K steps. */
  readonly halted: number | null
  /** Mean supervision steps of halted rows. */
  readonly supervisionSteps: number | null
  readonly lr: number
  /**
   * Euclidean norm of the gradient of (loss / B), over all weights that the optimiser trains: the puzzle embedding, which takes only
   * the gradient's signs, is not among them. null if it trains none, and in a skipped step.
   */
  readonly gradientNorm: number | null
  /** Euclidean norm of these weights before the update; null likewise. */
  readonly weightNorm: number | null
  /** The losses or tensors that were NaN or infinite; present only if the update was skipped. */
  readonly skipped?: string
}

/** Returns the metrics of a step's sums, with the totals after it. */
export function stepMetrics(step: number, report: StepReport, totals: TrainingTotals): StepMetrics {
  const mean = (sum: number, of = report.scored): number | null => (of > 0 ? sum / of : null)
  return {
    step,
    loss: report.loss / report.rows,
    lmLoss: report.lmLoss / report.rows,
    haltLoss: report.qHaltLoss / report.rows,
    ...(report.qContinueLoss === null ? {} : { continueLoss: report.qContinueLoss / report.rows }),
    exact: mean(report.exact),
    cells: mean(report.cells),
    haltAccuracy: mean(report.haltAccuracy),
    halted: mean(report.halted, report.puzzles),
    supervisionSteps: mean(report.puzzleSupervisionSteps, report.puzzles),
    lr: report.lr,
    gradientNorm: report.norms.gradient,
    weightNorm: report.norms.weights,
    ...(report.skipped === null ? {} : { skipped: report.skipped }),
    ...totals,
  }
}
