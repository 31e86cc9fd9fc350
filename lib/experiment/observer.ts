import type { Config } from '../config/schema.js'
import type { Evaluation } from '../evaluate/evaluation.js'
import type { StepReport } from '../train/step.js'
import type { Estimate } from './estimate.js'

/** Metrics of a supervision step by their public names: means over the rows that halted, losses a row. */
export interface TrainMetrics {
  readonly step: number
  readonly 'train.loss': number
  readonly 'train.lmLoss': number
  readonly 'train.haltLoss': number
  /** With a continue loss only. */
  readonly 'train.continueLoss'?: number
  /** NaN while no row with labels has halted. */
  readonly 'train.exact': number
  readonly 'train.cells': number
  readonly 'train.halt': number
  /** Mean supervision steps of the rows that halted. */
  readonly steps: number
  readonly lr: number
  /** Seconds of training so far, evaluations and saves not counted. */
  readonly seconds: number
}

/** What is told while a run goes on; every function may be left out. */
export interface RunObserver {
  /** Something that whoever reads the results should know. */
  onNote?(text: string): void
  /** Before the run, what it is going to cost. */
  onEstimate?(estimate: Estimate): void
  onStart?(run: { id: string; config: Config; step: number; steps: number }): void
  onStep?(metrics: TrainMetrics): void
  onEvaluation?(step: number, evaluation: Evaluation): void
  onEnd?(state: 'finished' | 'interrupted'): void
}

/** Means out of a step's sums. */
export function trainMetrics(step: number, report: StepReport, seconds: number): TrainMetrics {
  const mean = (sum: number): number => (report.count > 0 ? sum / report.count : Number.NaN)
  return {
    step,
    'train.loss': report.loss / report.rows,
    'train.lmLoss': report.lmLoss / report.rows,
    'train.haltLoss': report.qHaltLoss / report.rows,
    ...(report.qContinueLoss === null ? {} : { 'train.continueLoss': report.qContinueLoss / report.rows }),
    'train.exact': mean(report.exact),
    'train.cells': mean(report.accuracy),
    'train.halt': mean(report.halt),
    steps: mean(report.steps),
    lr: report.lr,
    seconds,
  }
}
