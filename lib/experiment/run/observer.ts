import type { Config } from '../../config/schema.js'
import type { Evaluation } from '../../evaluate/evaluation.js'
import type { StepReport } from '../../train/step.js'
import type { Estimate } from '../estimate/estimate.js'
import type { CostPlan } from '../sweep/plan.js'

/** Metrics of a supervision step by their public names: means over the rows that halted, losses a row. */
export interface TrainMetrics {
  readonly step: number
  readonly 'train.loss': number
  readonly 'train.lmLoss': number
  readonly 'train.haltLoss': number
  /** With a continue loss only. */
  readonly 'train.continueLoss'?: number
  /** Shares of the rows that have halted in this step; null where none has. */
  readonly 'train.exact': number | null
  readonly 'train.cells': number | null
  /** Share of them where (q_halt ≥ 0) says rightly whether the answer is right: the published `q_halt_accuracy`. */
  readonly 'train.haltAccuracy': number | null
  /** Share of them whose halting head says that they are done; the others had made K steps. */
  readonly 'train.halted': number | null
  /** Mean supervision steps of the rows that halted. */
  readonly supervisionSteps: number | null
  readonly lr: number
  /** Seconds of training so far, evaluations and saves not counted. */
  readonly trainSeconds: number
}

/** Callbacks while a run goes on; each may be left out. */
export interface RunObserver {
  /** A remark that matters for reading the results. */
  onNote?(text: string): void
  /** Steps are about to be tried to tell what the run is going to cost. */
  onEstimating?(): void
  /** Before the run, what it is going to cost. */
  onEstimate?(estimate: Estimate): void
  /** Before the first of several runs, what all of them are going to cost. */
  onPlan?(plan: CostPlan): void
  onStart?(run: { id: string; config: Config; step: number; trainSteps: number }): void
  onStep?(metrics: TrainMetrics): void
  /** While an evaluation goes on: how many puzzles are done. */
  onEvaluating?(step: number, done: number, puzzles: number): void
  onEvaluation?(step: number, evaluation: Evaluation): void
  onEnd?(state: 'finished' | 'interrupted'): void
}

/** Means out of a step's sums. */
export function trainMetrics(step: number, report: StepReport, trainSeconds: number): TrainMetrics {
  const mean = (sum: number, of = report.scored): number | null => (of > 0 ? sum / of : null)
  return {
    step,
    'train.loss': report.loss / report.rows,
    'train.lmLoss': report.lmLoss / report.rows,
    'train.haltLoss': report.qHaltLoss / report.rows,
    ...(report.qContinueLoss === null ? {} : { 'train.continueLoss': report.qContinueLoss / report.rows }),
    'train.exact': mean(report.exact),
    'train.cells': mean(report.cells),
    'train.haltAccuracy': mean(report.haltAccuracy),
    'train.halted': mean(report.halted, report.puzzles),
    supervisionSteps: mean(report.puzzleSupervisionSteps, report.puzzles),
    lr: report.lr,
    trainSeconds,
  }
}
