import type { Batch } from '../data/dataset.js'
import type { Judge } from '../tasks/task.js'
import type { PuzzleOutcome } from './outcomes.js'

/**
 * Returns the outcomes of a batch with the criteria of the task's judge for each prediction.
 *
 * @param outcomes one per row of the batch without padding, in order
 */
export function judgeOutcomes(judge: Judge, batch: Batch, outcomes: readonly PuzzleOutcome[]): PuzzleOutcome[] {
  const { seqLen, inputs } = batch
  const rows = Array.from(batch.rows.keys()).filter((row) => batch.rows[row] !== -1)
  return outcomes.map((outcome, i) => {
    const start = rows[i]! * seqLen
    return { ...outcome, criteria: judge(inputs.subarray(start, start + seqLen), outcome.prediction) }
  })
}
