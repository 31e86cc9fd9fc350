import type { Config } from '../../config/schema.js'
import type { Evaluation } from '../../evaluate/evaluation.js'
import type { StepMetrics, TrainingTotals } from '../../train/metrics.js'
import type { Estimate } from '../estimate/memory.js'
import type { RunWork } from '../estimate/work.js'
import type { Ended } from './ending.js'

/**
 * Metrics of a supervision step by public name: means over halted rows; losses per row, null where a skipped step has NaN or
 * infinity; totals of training so far.
 */
export interface TrainMetrics extends TrainingTotals {
  readonly step: number
  readonly 'train.loss': number | null
  readonly 'train.lmLoss': number | null
  readonly 'train.haltLoss': number | null
  /** Present only with a continue loss. */
  readonly 'train.continueLoss'?: number | null
  /** Share of the rows that halted in this step whose answer is fully correct; null if no row halted. */
  readonly 'train.exact': number | null
  readonly 'train.cells': number | null
  /** Share of halted rows where (q_halt ≥ 0) matches whether the answer is correct: the published `q_halt_accuracy`. */
  readonly 'train.haltAccuracy': number | null
  /** Share of halted rows whose halting head chose to halt; the others reached K steps. */
  readonly 'train.halted': number | null
  /** Mean supervision steps of the rows that halted. */
  readonly supervisionSteps: number | null
  readonly lr: number
  /** Norm of the gradient of (loss / B) over the weights that the optimiser trains; null if it trains none or the step was skipped. */
  readonly 'train.gradientNorm': number | null
  /** Norm of these weights before the update; null likewise. */
  readonly 'train.weightNorm': number | null
}

/** Callbacks during a run; each is optional. */
export interface RunObserver {
  /** Called with a note that matters for reading the results. */
  onNote?(text: string): void
  /** Called before the memory of a run is estimated. */
  onEstimating?(): void
  /** Called with the memory of a run, before its first step. */
  onEstimate?(estimate: Estimate): void
  /** Called with the memory of several runs, before the first of them; null for a run that is not made. */
  onPlan?(estimates: readonly (Estimate | null)[]): void
  onStart?(run: { id: string; config: Config; step: number; trainSteps: number; work: RunWork }): void
  onStep?(metrics: TrainMetrics): void
  /**
   * Called once after the first steps with the seconds of one evaluation, extrapolated from its first batch. Not called if
   * an evaluation comes first, nor with `estimate: false`.
   */
  onEvaluationTime?(seconds: number): void
  /** Called with the number of puzzles of an evaluation that are done, and the seconds since it began. */
  onEvaluating?(step: number, done: number, puzzles: number, seconds: number): void
  /** Called after an evaluation; with `live` for that of the live weights beside the EMA, which comes first. */
  onEvaluation?(step: number, evaluation: Evaluation, weights?: 'live'): void
  /** Called at the end, for a finished run with what ended it. */
  onEnd?(state: 'finished' | 'interrupted', ended?: Ended): void
}

/** Returns a step's metrics by public name. */
export function trainMetrics(metrics: StepMetrics): TrainMetrics {
  const { step, loss, lmLoss, haltLoss, continueLoss, exact, cells, haltAccuracy, halted, ...rest } = metrics
  const { gradientNorm, weightNorm, skipped: _, ...others } = rest
  return {
    step,
    'train.loss': finite(loss),
    'train.lmLoss': finite(lmLoss),
    'train.haltLoss': finite(haltLoss),
    ...(continueLoss === undefined ? {} : { 'train.continueLoss': finite(continueLoss) }),
    'train.exact': exact,
    'train.cells': cells,
    'train.haltAccuracy': haltAccuracy,
    'train.halted': halted,
    'train.gradientNorm': gradientNorm,
    'train.weightNorm': weightNorm,
    ...others,
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
