import { type Batch, IGNORE_LABEL } from '../data/dataset.js'

/** How well one row's prediction matches its labels. */
export interface RowOutcome {
  /** Labels that count. */
  readonly counted: number
  /** Share of them predicted; 0 without labels. */
  readonly accuracy: number
  /** All of them predicted; true also without labels, as in the loss. */
  readonly exact: boolean
}

/** Sums over rows that have halted and have labels, as the published code reports them. */
export interface MetricSums {
  /** Rows. */
  count: number
  /** Σ cell accuracy. */
  accuracy: number
  /** Σ [fully correct]. */
  exact: number
  /** Σ [(q_halt ≥ 0) = fully correct]. */
  halt: number
  /** Σ supervision steps. */
  steps: number
}

/** Sums of nothing. */
export function noMetrics(): MetricSums {
  return { count: 0, accuracy: 0, exact: 0, halt: 0, steps: 0 }
}

/** Compares row `row` of `predictions` `[B, seqLen]` with the batch's labels. */
export function rowOutcome(predictions: ArrayLike<number>, batch: Batch, row: number): RowOutcome {
  let counted = 0
  let right = 0
  for (let at = row * batch.seqLen; at < (row + 1) * batch.seqLen; at++) {
    if (batch.labels[at] === IGNORE_LABEL) continue
    counted++
    if (predictions[at] === batch.labels[at]) right++
  }
  return { counted, accuracy: counted ? right / counted : 0, exact: right === counted }
}

/** Adds the rows that halted in this step and have labels. */
export function addMetrics(
  sums: MetricSums,
  predictions: ArrayLike<number>,
  qHalt: ArrayLike<number>,
  halted: ArrayLike<number>,
  steps: ArrayLike<number>,
  batch: Batch,
): void {
  for (let row = 0; row < batch.size; row++) {
    if (!halted[row]) continue
    const outcome = rowOutcome(predictions, batch, row)
    if (outcome.counted === 0) continue
    sums.count++
    sums.accuracy += outcome.accuracy
    sums.exact += outcome.exact ? 1 : 0
    sums.halt += qHalt[row]! >= 0 === outcome.exact ? 1 : 0
    sums.steps += steps[row]!
  }
}
