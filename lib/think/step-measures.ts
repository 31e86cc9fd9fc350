/**
 * Measurements of a group of rollouts after one supervision step, as columns with one entry per row that was computed. A row
 * is one rollout of one version of a puzzle.
 */
export interface StepMeasures {
  /** Supervision step, counted from 1. */
  readonly step: number
  /** Number of rows. */
  readonly size: number
  /** Tokens per answer. */
  readonly seqLen: number
  /** `[size]` index of the example in its split. */
  readonly puzzle: Int32Array
  /** `[size]` version of the puzzle, 0 for the stored one. */
  readonly version: Int32Array
  /** `[size]` rollout, counted from 0. */
  readonly rollout: Int32Array
  /** `[size · seqLen]` the most likely tokens, turned back to the stored puzzle if the rollout's input was relabelled or turned. */
  readonly answers: Uint8Array
  /** `[size]` 64-bit hash of the row's answer. */
  readonly hash: BigUint64Array
  /** `[size]` 1 if all scored cells are right, 0 if not, {@link UNKNOWN} if the answer is not known. */
  readonly exact: Uint8Array
  /** `[size]` number of scored cells that are right; 0 if the answer is not known. */
  readonly rightCells: Uint16Array
  /** `[size]` number of scored cells; without it, shares of cells are not known. */
  readonly scoredCells?: Uint16Array
  /** `[size]` 0 or 1 for each criterion of the task's judge, e.g. `valid`; empty if the task has none. */
  readonly criteria: Readonly<Record<string, Uint8Array>>
  /** `[size]` logit of halting. */
  readonly qHalt: Float32Array
  /** `[size]` logit of continuing; meaningless unless it was trained. */
  readonly qContinue: Float32Array
  /** `[size]` ‖y_t − y_{t−1}‖ / ‖y_{t−1}‖ over the supervision step, y_{t−1} before noise. */
  readonly deltaY: Float32Array
  /** `[size]` ‖z_t − z_{t−1}‖ / ‖z_{t−1}‖, over all latents but y together; 0 if y is the only one. */
  readonly deltaZ: Float32Array
  /** `[size]` ‖logits_t − logits_{t−1}‖ / √cells; NaN after the first step. */
  readonly deltaLogits: Float32Array
  /** `[size]` number of cells whose token differs from the previous step's; 0 after the first step. */
  readonly changed: Uint16Array
  /** `[size]` smallest difference over the cells between the largest logit and the second largest. */
  readonly margin: Float32Array
  /** `[size]` log-weight of a particle among its puzzle's; rollouts that are not guided have none. */
  readonly logWeight?: Float32Array
}

/** Value of {@link StepMeasures.exact} of a row whose answer is not known. */
export const UNKNOWN = 255
