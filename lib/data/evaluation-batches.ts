import { answerIsKnown } from './answers.js'
import { emptyBatch, ignoreLabels, putExample } from './batch.js'
import type { Batch, Dataset, Split } from './dataset.js'
import { splitNamed } from './split-named.js'

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
 * @throws UserError when the batch size is not a positive integer, and for the name of another split.
 */
export function* evaluationBatches(data: Dataset, options: EvaluationOptions): Generator<Batch, void> {
  const { manifest } = data
  const split = splitNamed(data, options.split ?? 'test')
  let left = countEvaluated(data, options)
  let batch: Batch | null = null
  let filled = 0
  for (const { example, version } of evaluatedExamples(data, options)) {
    batch ??= emptyBatch(Math.min(options.batch, left), split.seqLen)
    putEvaluated(batch, filled, data, split, example, version)
    if (++filled < batch.size) continue
    ignoreLabels(batch, manifest)
    yield batch
    left -= filled
    batch = null
    filled = 0
  }
}

/** A version of an example of a split. */
export interface ExampleVersion {
  readonly example: number
  readonly version: number
}

/** Yields the versions of examples that {@link evaluationBatches} puts into batches, in order. */
export function* evaluatedExamples(
  data: Dataset,
  options: Omit<EvaluationOptions, 'batch'> = {},
): Generator<ExampleVersion, void> {
  const { puzzleStarts } = splitNamed(data, options.split ?? 'test')
  for (const { puzzle, versions } of evaluatedPuzzles(data, options))
    for (let version = 0; version < versions; version++)
      for (let example = puzzleStarts[puzzle]!; example < puzzleStarts[puzzle + 1]!; example++)
        yield { example, version }
}

/** Writes one version of an example into a row of a batch; the labels of an unknown answer are all ignored. */
export function putEvaluated(
  batch: Batch,
  row: number,
  data: Dataset,
  split: Split,
  example: number,
  version: number,
): void {
  const { manifest, augment } = data
  putExample(batch, row, split, augment, example, version, manifest.seed)
  if (answerIsKnown(data, split.name, example)) return
  batch.labels.fill(manifest.ignoreLabelId, row * split.seqLen, (row + 1) * split.seqLen)
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
