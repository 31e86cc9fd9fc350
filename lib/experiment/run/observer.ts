import type { Config } from '../../config/schema.js'
import type { Evaluation } from '../../evaluate/evaluation.js'
import type { StepMetrics } from '../../train/metrics.js'
import type { Estimate } from '../estimate/memory.js'
import type { RunWork } from '../estimate/work.js'

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
  /** The memory of a run is about to be estimated. */
  onEstimating?(): void
  /** The memory of a run, before its first step. */
  onEstimate?(estimate: Estimate): void
  /** The memory of several runs, before the first of them; null for a run that is not made. */
  onPlan?(estimates: readonly (Estimate | null)[]): void
  onStart?(run: { id: string; config: Config; step: number; trainSteps: number; work: RunWork }): void
  onStep?(metrics: TrainMetrics): void
  /**
   * Once, after the first steps: the seconds of one evaluation, told by a piece of one that took `took` seconds. Not where
   * an evaluation comes first, nor with `estimate: false`.
   */
  onEvaluationTime?(seconds: number, took: number): void
  /** The puzzles of an evaluation that are done. */
  onEvaluating?(step: number, done: number, puzzles: number): void
  onEvaluation?(step: number, evaluation: Evaluation): void
  onEnd?(state: 'finished' | 'interrupted'): void
}

/** A step's metrics by their public names. */
export function trainMetrics(metrics: StepMetrics): TrainMetrics {
  const { step, loss, lmLoss, haltLoss, continueLoss, exact, cells, haltAccuracy, halted, ...others } = metrics
  return {
    step,
    'train.loss': loss,
    'train.lmLoss': lmLoss,
    'train.haltLoss': haltLoss,
    ...(continueLoss === undefined ? {} : { 'train.continueLoss': continueLoss }),
    'train.exact': exact,
    'train.cells': cells,
    'train.haltAccuracy': haltAccuracy,
    'train.halted': halted,
    ...others,
  }
}
