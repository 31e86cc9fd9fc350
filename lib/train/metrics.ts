import type { StepReport } from './step.js'

/** Metrics of one supervision step: losses a row, shares and means over the rows that halted in it. */
export interface StepMetrics {
  /** Optimiser steps made, this one included. */
  readonly step: number
  readonly loss: number
  /** Its part of the tokens. */
  readonly lmLoss: number
  readonly haltLoss: number
  /** With a continue loss only. */
  readonly continueLoss?: number
  /** Share of the rows that are fully right; null where none has halted, as those below. */
  readonly exact: number | null
  /** Share of their cells that are right. */
  readonly cells: number | null
  /** Share of them where (q_halt ≥ 0) says rightly whether the answer is right: the published `q_halt_accuracy`. */
  readonly haltAccuracy: number | null
  /** Share of them whose halting head says that they are done; the others had made K steps. */
  readonly halted: number | null
  /** Their mean supervision steps. */
  readonly supervisionSteps: number | null
  readonly lr: number
  /** Seconds of training so far, evaluations and saves not counted. */
  readonly trainSeconds: number
}

/** Means out of a step's sums. */
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
