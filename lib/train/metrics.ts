import type { StepReport } from './step.js'

/** Metrics of one supervision step: losses per row; shares and means over the rows that halted in it. */
export interface StepMetrics {
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
  /** Seconds of training so far, without evaluations and saves. */
  readonly trainSeconds: number
}

/** Returns the metrics of a step's sums. */
export function stepMetrics(step: number, report: StepReport, trainSeconds: number): StepMetrics {
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
    trainSeconds,
  }
}
