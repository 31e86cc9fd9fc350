import { emptyBatch, ignoreLabels } from '../data/batch.js'
import type { Batch, Dataset } from '../data/dataset.js'
import { putEvaluated } from '../data/evaluation-batches.js'

/** Yields chosen puzzles as stored, `size` at a time; the labels of an unknown answer are ignored. */
export function* puzzleBatches(
  data: Dataset,
  split: 'train' | 'test',
  puzzles: readonly number[],
  size: number,
): Generator<Batch, void> {
  for (let from = 0; from < puzzles.length; from += size) {
    const chosen = puzzles.slice(from, from + size)
    const batch = emptyBatch(chosen.length, data[split].seqLen)
    for (const [row, example] of chosen.entries()) putEvaluated(batch, row, data, data[split], example, 0)
    ignoreLabels(batch, data.manifest)
    yield batch
  }
}
