import { type Batch, IGNORE_LABEL } from '../data/dataset.js'
import { choosesToHalt, type HaltLogits } from './halting.js'
import type { ModelShape } from './shape.js'

/** The agreement of one row's prediction with its labels. */
export interface RowOutcome {
  /** Number of labels that count. */
  readonly counted: number
  /** Number of these that are predicted correctly. */
  readonly right: number
  /** Share of labels predicted correctly; 0 without labels. */
  readonly cells: number
  /** Whether all labels are predicted correctly; true without labels, as in the loss. */
  readonly exact: boolean
}

/** A model's outputs for the rows of a batch. */
export interface RowOutputs extends HaltLogits {
  /** `[B, seqLen]` */
  readonly predictions: ArrayLike<number>
  /** `[B]` supervision steps taken. */
  readonly supervisionSteps: ArrayLike<number>
}

/** Sums over rows that have halted. */
export interface MetricSums {
  /** Rows with labels; the sums down to `supervisionSteps` are over these, as in the published code. */
  scored: number
  /** Σ share of correct cells. */
  cells: number
  /** Σ labels that count. */
  scoredCells: number
  /** Σ labels predicted correctly. */
  rightCells: number
  /** Σ [fully correct]. */
  exact: number
  /** Σ [(q_halt ≥ 0) = fully correct]. */
  haltAccuracy: number
  /** Σ supervision steps. */
  supervisionSteps: number
  /** Rows with or without labels, except padding; the sums below are over these. */
  puzzles: number
  /** Σ [the halting head chooses to halt]. */
  halted: number
  /** Σ supervision steps. */
  puzzleSupervisionSteps: number
}

/** Returns sums over no rows. */
export function noMetrics(): MetricSums {
  return {
    scored: 0,
    cells: 0,
    scoredCells: 0,
    rightCells: 0,
    exact: 0,
    haltAccuracy: 0,
    supervisionSteps: 0,
    puzzles: 0,
    halted: 0,
    puzzleSupervisionSteps: 0,
  }
}

/**
 * Compares a row's prediction with the batch's labels. A row whose q_halt is NaN was computed from NaN latents: none of it
 * counts as correct.
 */
export function rowOutcome({ predictions, qHalt }: RowOutputs, batch: Batch, row: number): RowOutcome {
  let counted = 0
  let right = 0
  for (let at = row * batch.seqLen; at < (row + 1) * batch.seqLen; at++) {
    if (batch.labels[at] === IGNORE_LABEL) continue
    counted++
    if (predictions[at] === batch.labels[at]) right++
  }
  if (Number.isNaN(qHalt[row]!)) return { counted, right: 0, cells: 0, exact: false }
  return { counted, right, cells: counted ? right / counted : 0, exact: right === counted }
}

/** Adds the rows that halted in this step. A halting head whose logit is NaN counts as wrong, whatever the answer. */
export function addMetrics(
  sums: MetricSums,
  shape: ModelShape,
  outputs: RowOutputs,
  halted: ArrayLike<number>,
  batch: Batch,
): void {
  const { qHalt, qContinue, supervisionSteps } = outputs
  for (let row = 0; row < batch.size; row++) {
    if (!halted[row] || batch.rows[row] === -1) continue
    sums.puzzles++
    sums.halted += choosesToHalt(shape, qHalt[row]!, qContinue[row]!) ? 1 : 0
    sums.puzzleSupervisionSteps += supervisionSteps[row]!
    const outcome = rowOutcome(outputs, batch, row)
    if (outcome.counted === 0) continue
    sums.scored++
    sums.cells += outcome.cells
    sums.scoredCells += outcome.counted
    sums.rightCells += outcome.right
    sums.exact += outcome.exact ? 1 : 0
    sums.haltAccuracy += !Number.isNaN(qHalt[row]!) && qHalt[row]! >= 0 === outcome.exact ? 1 : 0
    sums.supervisionSteps += supervisionSteps[row]!
  }
}
