import { answerIsKnown } from './answers.js'
import { emptyBatch, ignoreLabels, putExample } from './batch.js'
import type { Batch, Dataset } from './dataset.js'

/** Selection of examples to evaluate. */
export interface EvaluationOptions {
  /** Batch size B; the last batch may be smaller. */
  readonly batch: number
  /** Split to evaluate. Default: `test`. */
  readonly split?: 'train' | 'test'
  /**
   * Maximum versions per puzzle, itself first, counting stored versions (puzzles of a group) and versions made on the
   * fly. Default: all; only the puzzle itself when versions are unlimited.
   */
  readonly versions?: number | undefined
}

/**
 * Yields every example of a split in order, all versions of a puzzle before the next puzzle. Labels of an unknown
 * answer are all `IGNORE_LABEL`. The last batch holds the remaining rows, without padding.
 *
 * @throws UserError when the batch size is not a positive integer.
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

/** Returns the total number of rows that {@link evaluationBatches} yields. */
export function countEvaluated(data: Dataset, options: Omit<EvaluationOptions, 'batch'> = {}): number {
  const { puzzleStarts } = data[options.split ?? 'test']
  let count = 0
  for (const { puzzle, versions } of evaluatedPuzzles(data, options))
    count += versions * (puzzleStarts[puzzle + 1]! - puzzleStarts[puzzle]!)
  return count
}

/** Yields the stored puzzles in order, with the number of versions to evaluate of each. */
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
