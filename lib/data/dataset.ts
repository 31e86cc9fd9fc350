import type { Table } from 'apache-arrow'

/** Label of tokens that the loss and the metrics ignore. */
export const IGNORE_LABEL = -100

/**
 * Description and origin of a data set; `manifest.json` of a stored one adds the hash and the checksums of its files.
 */
export interface DatasetManifest {
  /** Name of the task in the registry (`lib/tasks/registry.ts`); `tokens` for a data set without a known task. */
  task: string
  /** Options of the build, including the seed. */
  options: Record<string, unknown>
  /** Origin of the puzzles: `generated`, or the files with their SHA-256. */
  source:
    | { kind: 'generated' }
    | ({ kind: 'file' } & SourceFile & { test?: SourceFile | undefined })
    | { kind: 'files'; files: SourceFile[] }
  seed: number
  /** Vocabulary size V, including the padding token. */
  vocabSize: number
  /** Tokens per puzzle, excluding puzzle-embedding tokens. */
  seqLen: number
  padId: number
  /** Stored label that marks ignored tokens; batches carry {@link IGNORE_LABEL} instead. */
  ignoreLabelId: number
  /** Puzzle-embedding row of padding rows in a batch. */
  blankId: number
  /** Number of rows of the puzzle embedding. */
  puzzleIdentifiers: number
  /** Stored examples per split, excluding versions made on the fly. */
  counts: { train: number; test: number }
  /** The guarantee about puzzles that appear in both splits, in words. */
  disjoint: string
  /** The verification of the answers, in words. */
  solutions: string
  /** The variation of training puzzles, in words, when it differs between data sets of the task; part of the hash. */
  augmentation?: string | undefined
}

/** A source file of puzzles. */
export interface SourceFile {
  /** Path as given. */
  path: string
  sha256: string
}

/**
 * One split in memory. Example i occupies `inputs[i·seqLen … (i+1)·seqLen)`; a puzzle is a run of examples with one
 * identifier, and a group a run of puzzles that are versions of one task (the published builders' terms).
 */
export interface Split {
  readonly name: 'train' | 'test'
  /** Number of examples N. */
  readonly count: number
  readonly seqLen: number
  /** `[N, seqLen]` tokens. */
  readonly inputs: Uint8Array
  /** `[N, seqLen]` tokens as stored, before the ignore label is replaced. */
  readonly labels: Uint8Array
  /** `[N]` difficulty on the task's scale (see its `ratings`); 0 when unknown. */
  readonly ratings: Float64Array
  /** `[N]` puzzle-embedding row of each stored example. */
  readonly puzzleIds: Int32Array
  /** `[puzzles + 1]` first example of each puzzle; the last entry is N. */
  readonly puzzleStarts: Int32Array
  /** `[groups + 1]` first puzzle of each group; the last entry is the number of puzzles. */
  readonly groupStarts: Int32Array
}

/** Returns the starts `[count + 1]` of runs of one element each: `0, 1, … count`. */
export function singletonStarts(count: number): Int32Array {
  return Int32Array.from({ length: count + 1 }, (_, i) => i)
}

/**
 * Returns the index of the run that contains a position, e.g. the puzzle of an example: starts 0, 2, 3 and position 1 →
 * 0.
 */
export function runAt(starts: Int32Array, position: number): number {
  let [low, high] = [0, starts.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (starts[middle]! <= position) low = middle
    else high = middle
  }
  return low
}

/** Versions of puzzles, computed when drawn and never stored. Version 0 is the puzzle itself. */
export interface Augmentation {
  /**
   * Returns the number of versions of puzzle `puzzle` of a split, itself included; null when unlimited, in which case
   * the configuration's `augment` bounds the number drawn.
   */
  versions(split: Split, puzzle: number): number | null
  /** Returns the puzzle-embedding row of a version of `example`. */
  puzzleId(split: Split, example: number, version: number): number
  /**
   * Writes a version of an example into `inputs` and `labels` (`[seqLen]` each, starting at `offset`): a pure function
   * of (data set, seed, example, version).
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

/** Destination of written tokens. */
export interface TokenSink {
  [i: number]: number
}

/** Names of the puzzle-embedding rows; row 0 is `<blank>`. */
export interface Identifiers {
  readonly count: number
  name(id: number): string
}

/** A grid of numbers, in row-major order: a list of rows. */
export type Grid = readonly (readonly number[])[]

/** A named task of the test split with its pairs, for the answers to which the versions of its puzzles vote. */
export interface TestTask {
  readonly name: string
  /** `output` is null when the answer is withheld. */
  readonly pairs: readonly { readonly input: Grid; readonly output: Grid | null }[]
}

/** A data set in memory, ready for sampling. */
export interface Dataset {
  readonly manifest: DatasetManifest
  /**
   * SHA-256 of the arrays, names and test tasks (see `datasetHash`), which identifies the data set in a run's
   * provenance.
   */
  readonly hash: string
  readonly train: Split
  readonly test: Split
  /** On-the-fly augmentation; null when the task has none or every version is stored. */
  readonly augment: Augmentation | null
  readonly identifiers: Identifiers
  /** Tasks of the test split; null when puzzles belong to no named task. */
  readonly testTasks: readonly TestTask[] | null
  /** `[N]` 1 for each test example whose answer is withheld, as in a competition. Default: every answer is known. */
  readonly withheld?: Uint8Array | null
  /** Tables of `identifiers` and `testTasks`, each stored in its own file beside the splits. */
  readonly tables?: { readonly identifiers?: Table; readonly tests?: Table }
  /**
   * Returns a batch as training draws it: a pure function of the options. From `train` it is the first batch of a run
   * with this seed; from `test` it holds puzzles as stored, or in the versions that the data set fixes, with unknown
   * labels ignored.
   *
   * @throws UserError when the split is empty, or the size is not a positive integer.
   */
  batch(split: 'train' | 'test', options?: DrawOptions): Batch
}

/** Options of {@link Dataset.batch}. */
export interface DrawOptions {
  /** Batch size B. Default: 64. */
  readonly size?: number
  /** Seed of the draw. Default: 0. */
  readonly seed?: number
  /**
   * Versions per puzzle beside itself, as the configuration's `augment`. Default: as in training (`fresh` when
   * unlimited).
   */
  readonly augment?: number | 'fresh'
}

/** Input of one supervision step. */
export interface Batch {
  /** Batch size B. */
  readonly size: number
  readonly seqLen: number
  /** `[B, seqLen]` tokens. */
  readonly inputs: Int32Array
  /** `[B, seqLen]` tokens, {@link IGNORE_LABEL} where no prediction is scored. */
  readonly labels: Int32Array
  /** `[B]` puzzle-embedding rows. */
  readonly puzzleIds: Int32Array
  /** `[B]` index of the example in its split; -1 for a padding row. */
  readonly rows: Int32Array
  /** `[B]` version of the example; 0 is the example itself. */
  readonly versions: Int32Array
}
