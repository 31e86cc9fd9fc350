import type { Dataset, Split } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { NPY_ARRAYS, type NpyDtype, npyHeader } from '../../interop/formats/npy-header.js'
import { findTask } from '../../tasks/registry.js'
import type { PublishedFields } from './fields.js'
import type { PublishedOptions } from './read.js'
import type { ARRAYS, StoredSplit } from './split.js'

/** An array to write. */
export interface PlannedArray {
  readonly dtype: NpyDtype
  readonly shape: readonly number[]
  readonly head: Uint8Array
}

/** A split to write. */
export interface PlannedSplit {
  readonly split: Split
  /** Content of its `dataset.json`. */
  readonly json: object
  /** Part of the file names before `__inputs.npy`. */
  readonly set: string
  readonly arrays: Readonly<Record<(typeof ARRAYS)[number], PlannedArray>>
  /** Returns the number of versions of a puzzle, itself included. */
  versions(puzzle: number): number
  /** `[puzzles + 1]` first example of each version of each puzzle, in output order. */
  readonly puzzleStarts: Int32Array
  /** `[groups + 1]` first puzzle of each group, in output order. */
  readonly groupStarts: Int32Array
}

/** Layout of a data set as a published folder. */
export interface ExportPlan {
  readonly splits: readonly PlannedSplit[]
  /** Total bytes of all arrays. */
  readonly bytes: number
  readonly examples: number
  /** Storage format of the folder that the data set was read from; null for other data sets. */
  readonly published: PublishedOptions | null
}

/**
 * Computes the layout of an export.
 *
 * @param augment versions per training puzzle beside itself, when versions are unlimited. Default: none
 * @param fits called with the bytes of the two large arrays before anything is laid out; it may throw
 * @throws UserError when versions are requested of a data set with a fixed number of them, or there is nothing to
 * write.
 */
export function planExport(
  dataset: Dataset,
  augment: number | undefined,
  fits: (bytes: number) => void = () => {},
): ExportPlan {
  const { train, test, manifest } = dataset
  const published = (manifest.options.published ?? null) as PublishedOptions | null
  const unlimited = dataset.augment !== null && train.count > 0 && dataset.augment.versions(train, 0) === null
  if (augment !== undefined && augment > 0 && !unlimited)
    throw new UserError({
      where: 'key augment',
      expected: 'nothing: the data set fixes the versions of its puzzles',
      found: String(augment),
      todo: 'Leave it out.',
      exitCode: 2,
    })
  const more = ({ name }: Split): number => (name === 'train' ? (augment ?? 0) : 0)
  const written = [train, test].filter((split) => split.count > 0 || published?.[split.name] !== undefined)
  fits(written.reduce((sum, split) => sum + 2 * countExamples(dataset, split, more(split)) * split.seqLen, 0))
  const splits = written.map((split) => planSplit(dataset, split, more(split), published?.[split.name]))
  if (splits.length === 0)
    throw new UserError({ where: 'data set', expected: 'puzzles to write', found: 'none in either split' })
  const sizes = splits.flatMap(({ arrays }) => Object.values(arrays).map(sizeOf))
  return {
    splits,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    examples: splits.reduce((sum, { puzzleStarts }) => sum + puzzleStarts.at(-1)!, 0),
    published,
  }
}

/** Returns the number of versions of each puzzle, itself included. */
function versionsOf({ augment }: Dataset, split: Split, more: number): (puzzle: number) => number {
  return (puzzle) => (augment ? (augment.versions(split, puzzle) ?? 1 + more) : 1)
}

/** Counts the examples to write. @throws UserError when they exceed the index range of the layout. */
function countExamples(dataset: Dataset, split: Split, more: number): number {
  const versions = versionsOf(dataset, split, more)
  let examples = 0
  for (let puzzle = 0; puzzle + 1 < split.puzzleStarts.length; puzzle++)
    examples += versions(puzzle) * (split.puzzleStarts[puzzle + 1]! - split.puzzleStarts[puzzle]!)
  // The indices of the layout have 32 bits.
  if (examples >= 2 ** 31)
    throw new UserError({ where: 'key augment', expected: 'fewer than 2³¹ examples', found: String(examples) })
  return examples
}

function planSplit(dataset: Dataset, split: Split, more: number, stored: StoredSplit | undefined): PlannedSplit {
  const { manifest } = dataset
  const versions = versionsOf(dataset, split, more)
  const { puzzleStarts, groupStarts } = startsWith(split, versions)
  const [examples, puzzles, groups] = [puzzleStarts.at(-1)!, puzzleStarts.length - 1, groupStarts.length - 1]
  const fields: PublishedFields = {
    pad_id: manifest.padId,
    ignore_label_id: manifest.ignoreLabelId,
    blank_identifier_id: manifest.blankId,
    vocab_size: manifest.vocabSize,
    seq_len: manifest.seqLen,
    num_puzzle_identifiers: manifest.puzzleIdentifiers,
    total_groups: groups,
    mean_puzzle_examples: examples / puzzles,
    total_puzzles: findTask(manifest.task)?.published?.countsGroups ? groups : puzzles,
    sets: ['all'],
  }
  const shapes: Record<(typeof ARRAYS)[number], number[]> = {
    inputs: [examples, split.seqLen],
    labels: [examples, split.seqLen],
    puzzle_identifiers: [puzzles],
    puzzle_indices: [puzzles + 1],
    group_indices: [groups + 1],
  }
  const planned = (name: (typeof ARRAYS)[number]): PlannedArray => {
    const array = stored?.arrays[name]
    const dtype = array?.dtype ?? (name === 'inputs' || name === 'labels' ? '|u1' : '<i4')
    const shape = shapes[name]
    const head = array?.head === undefined ? npyHeader({ dtype, shape }) : Buffer.from(array.head, 'latin1')
    return { dtype, shape, head }
  }
  return {
    split,
    json: stored?.json ?? fields,
    set: stored?.set ?? 'all',
    arrays: {
      inputs: planned('inputs'),
      labels: planned('labels'),
      puzzle_identifiers: planned('puzzle_identifiers'),
      puzzle_indices: planned('puzzle_indices'),
      group_indices: planned('group_indices'),
    },
    versions,
    puzzleStarts,
    groupStarts,
  }
}

/** Returns the starts of puzzles and groups when every version of a puzzle is stored beside it. */
function startsWith(
  split: Split,
  versions: (puzzle: number) => number,
): { puzzleStarts: Int32Array; groupStarts: Int32Array } {
  const groupStarts = new Int32Array(split.groupStarts.length)
  const sizes: number[] = []
  let puzzles = 0
  for (let group = 0; group + 1 < split.groupStarts.length; group++) {
    for (let puzzle = split.groupStarts[group]!; puzzle < split.groupStarts[group + 1]!; puzzle++) {
      sizes.push(versions(puzzle))
      puzzles += versions(puzzle)
    }
    groupStarts[group + 1] = puzzles
  }
  const puzzleStarts = new Int32Array(puzzles + 1)
  let to = 0
  let examples = 0
  sizes.forEach((there, puzzle) => {
    const count = split.puzzleStarts[puzzle + 1]! - split.puzzleStarts[puzzle]!
    for (let version = 0; version < there; version++) {
      examples += count
      puzzleStarts[++to] = examples
    }
  })
  return { puzzleStarts, groupStarts }
}

function sizeOf({ dtype, shape, head }: PlannedArray): number {
  return head.length + shape.reduce((product, size) => product * size, 1) * NPY_ARRAYS[dtype].BYTES_PER_ELEMENT
}
