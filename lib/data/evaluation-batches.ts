import { answerIsKnown } from './answers.js'
import { emptyBatch, ignoreLabels, putExample } from './batch.js'
import type { Batch, Dataset } from './dataset.js'

/** The part of a split that is evaluated. */
export interface EvaluationOptions {
  /** Rows B of every batch but the last, which may have fewer. */
  readonly batch: number
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /**
   * At most so many versions of each puzzle, itself first, whether they are stored (a group's puzzles) or made on the fly;
   * default all there are (puzzles without a fixed number: itself).
   */
  readonly versions?: number | undefined
}

/**
 * Yields all examples of a split in order, each puzzle in every version before the next one. Where an answer is not known,
 * all labels are `IGNORE_LABEL`. The last batch has the rows that are left: no row is padding.
 *
 * @throws UserError when the batch size is no whole number of 1 or more.
 */
export function* evaluationBatches(data: Dataset, options: EvaluationOptions): Generator<Batch, void> {
  const { manifest, augment } = data
  const split = data[options.split ?? 'test']
  let left = countEvaluated(data, options)
  let batch: Batch | null = null
  let filled = 0
  for (const { puzzle, versions } of evaluatedPuzzles(data, options))
    for (let version = 0; version < versions; version++)
      for (let example = split.puzzleStarts[puzzle]!; example < split.puzzleStarts[puzzle + 1]!; example++) {
        batch ??= emptyBatch(Math.min(options.batch, left), split.seqLen)
        putExample(batch, filled, split, augment, example, version, manifest.seed)
        if (!answerIsKnown(data, split.name, example))
          batch.labels.fill(manifest.ignoreLabelId, filled * split.seqLen, (filled + 1) * split.seqLen)
        if (++filled < batch.size) continue
        ignoreLabels(batch, manifest)
        yield batch
        left -= filled
        batch = null
        filled = 0
      }
}

/** How many rows {@link evaluationBatches} yields in all. */
export function countEvaluated(data: Dataset, options: Omit<EvaluationOptions, 'batch'> = {}): number {
  const { puzzleStarts } = data[options.split ?? 'test']
  let count = 0
  for (const { puzzle, versions } of evaluatedPuzzles(data, options))
    count += versions * (puzzleStarts[puzzle + 1]! - puzzleStarts[puzzle]!)
  return count
}

/** The stored puzzles in order, and how many versions of each are evaluated. */
function* evaluatedPuzzles(
  data: Dataset,
  { split: name = 'test', versions: atMost = Number.POSITIVE_INFINITY }: Omit<EvaluationOptions, 'batch'>,
): Generator<{ puzzle: number; versions: number }, void> {
  const split = data[name]
  const { groupStarts } = split
  for (let group = 0; group + 1 < groupStarts.length; group++) {
    let left = atMost
    for (let puzzle = groupStarts[group]!; puzzle < groupStarts[group + 1]! && left > 0; puzzle++) {
      const versions = Math.min(left, data.augment?.versions(split, puzzle) ?? 1)
      yield { puzzle, versions }
      left -= versions
    }
  }
}
