import type { Table } from 'apache-arrow'

/** The label of a token that no loss and no metric counts. */
export const IGNORE_LABEL = -100

/** What a data set is and where it came from; a stored one's `manifest.json` holds it, with the hash and the files' checksums. */
export interface DatasetManifest {
  /** The name of its task in the registry (`lib/tasks/registry.ts`); `tokens` where nothing but numbers is known. */
  task: string
  /** Everything that the build was asked for, the seed included. */
  options: Record<string, unknown>
  /** Where the puzzles came from: `generated`, a file with its SHA-256 and another one for the test split, or several. */
  source:
    | { kind: 'generated' }
    | ({ kind: 'file' } & SourceFile & { test?: SourceFile | undefined })
    | { kind: 'files'; files: SourceFile[] }
  seed: number
  /** Vocabulary size V, the padding token included. */
  vocabSize: number
  /** Tokens in a puzzle, the puzzle-embedding tokens not counted. */
  seqLen: number
  padId: number
  /** The stored label that means "do not count"; batches carry {@link IGNORE_LABEL} instead. */
  ignoreLabelId: number
  /** Row of the puzzle embedding that padding rows of a batch get. */
  blankId: number
  /** Rows of the puzzle embedding. */
  puzzleIdentifiers: number
  /** Stored examples by split; versions made on the fly are not counted. */
  counts: { train: number; test: number }
  /** In words, what is guaranteed about puzzles that appear in both splits. */
  disjoint: string
  /** In words, what was checked about the answers. */
  solutions: string
  /** In words, how training puzzles are varied, where a data set of the task may say other than its next; part of the hash. */
  augmentation?: string | undefined
}

/** A file that puzzles were read from. */
export interface SourceFile {
  /** As it was given. */
  path: string
  sha256: string
}

/**
 * One split in memory. Example i is `inputs[i·seqLen … (i+1)·seqLen)`; a puzzle is a run of examples under one
 * identifier, a group a run of puzzles that are versions of one task (the published builders' words).
 */
export interface Split {
  readonly name: 'train' | 'test'
  /** Examples N. */
  readonly count: number
  readonly seqLen: number
  /** `[N, seqLen]` tokens. */
  readonly inputs: Uint8Array
  /** `[N, seqLen]` tokens as stored (the ignore label not yet replaced). */
  readonly labels: Uint8Array
  /** `[N]` difficulty, as the task rates it (see its `ratings`); 0 where none is known. */
  readonly ratings: Float64Array
  /** `[N]` row of the puzzle embedding of the example as it is stored. */
  readonly puzzleIds: Int32Array
  /** `[puzzles + 1]` first example of each puzzle; the last is N. */
  readonly puzzleStarts: Int32Array
  /** `[groups + 1]` first puzzle of each group; the last is the number of puzzles. */
  readonly groupStarts: Int32Array
}

/** Starts of N things in a row of which each holds one: `0, 1, … N`. */
export function singles(count: number): Int32Array {
  return Int32Array.from({ length: count + 1 }, (_, i) => i)
}

/** The run that a position lies in, e.g. the puzzle of an example: starts 0, 2, 3 and position 1 → 0. */
export function runAt(starts: Int32Array, position: number): number {
  let [low, high] = [0, starts.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (starts[middle]! <= position) low = middle
    else high = middle
  }
  return low
}

/** Versions of puzzles that are made when they are drawn; nothing of them is stored. Version 0 is the puzzle itself. */
export interface Augmentation {
  /**
   * How many versions puzzle `puzzle` of a split has, itself included; null: there is no end to them, and the
   * configuration's `augment` says how many are drawn from.
   */
  versions(split: Split, puzzle: number): number | null
  /** Row of the puzzle embedding of a version of `example`. */
  puzzleId(split: Split, example: number, version: number): number
  /**
   * Writes a version of an example into `inputs` and `labels` (`[seqLen]` each, from `offset` on): a pure function of
   * (data set, seed, example, version).
   */
  write(
    split: Split,
    example: number,
    version: number,
    seed: number,
    inputs: TokenSink,
    labels: TokenSink,
    offset: number,
  ): void
}

/** Where tokens are written to. */
export interface TokenSink {
  [i: number]: number
}

/** Names of the rows of the puzzle embedding; row 0 is `<blank>`. */
export interface Identifiers {
  readonly count: number
  name(id: number): string
}

/** A grid of colours 0…9, row by row. */
export type Grid = readonly (readonly number[])[]

/** A task's test pairs, for which votes are counted. */
export interface TestTask {
  readonly name: string
  /** `output` is null where the answer is not known. */
  readonly pairs: readonly { readonly input: Grid; readonly output: Grid | null }[]
}

/** A task's data, ready to be drawn from. */
export interface Dataset {
  readonly manifest: DatasetManifest
  /** SHA-256 over the arrays, names and test tasks (see `datasetHash`): names this very data set in a run's provenance. */
  readonly hash: string
  readonly train: Split
  readonly test: Split
  /** How puzzles are varied; null when the task has no augmentation, or all versions are stored. */
  readonly augment: Augmentation | null
  readonly identifiers: Identifiers
  /** ARC's test tasks; null for other tasks. */
  readonly testTasks: readonly TestTask[] | null
  /** What of `identifiers` and `testTasks` is stored beside the splits, each in a file of its own. */
  readonly tables?: { readonly identifiers?: Table; readonly tests?: Table }
  /**
   * Puzzles as training draws them: a pure function of the options. Of `train` it is the first batch of a run with this seed; of
   * `test`, puzzles as they are stored, or in the versions that the data set fixes, with labels that are not known left out.
   *
   * @throws UserError when the split has no puzzles, or the size is no whole number of 1 or more.
   */
  batch(split: 'train' | 'test', options?: DrawOptions): Batch
}

/** How a batch is drawn. */
export interface DrawOptions {
  /** Rows B; default 64. */
  readonly size?: number
  /** Default 0. */
  readonly seed?: number
  /** Versions beside each puzzle itself, as the configuration's `augment`; default as in training: `fresh` where there is no end. */
  readonly augment?: number | 'fresh'
}

/** The puzzles that one supervision step is offered. */
export interface Batch {
  /** Rows B. */
  readonly size: number
  readonly seqLen: number
  /** `[B, seqLen]` tokens. */
  readonly inputs: Int32Array
  /** `[B, seqLen]` tokens, {@link IGNORE_LABEL} where nothing is to be predicted. */
  readonly labels: Int32Array
  /** `[B]` rows of the puzzle embedding. */
  readonly puzzleIds: Int32Array
  /** `[B]` index of the example in its split, -1 for a row of padding. */
  readonly rows: Int32Array
  /** `[B]` version of the example, 0 for itself. */
  readonly versions: Int32Array
}
