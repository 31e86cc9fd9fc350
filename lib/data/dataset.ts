/** The label of a token that no loss and no metric counts. */
export const IGNORE_LABEL = -100

/** What a data set is and where it came from; stored as `manifest.json` beside the Arrow files. */
export interface DatasetManifest {
  /** Format of the folder: readers refuse versions they do not know. */
  formatVersion: 1
  /** The task, e.g. `sudoku`. */
  task: string
  /** Everything that the build was asked for, the seed included. */
  options: Record<string, unknown>
  /** Where the puzzles came from: `generated`, or a file with its SHA-256, and another one for the test split. */
  source: { kind: 'generated' } | ({ kind: 'file' } & SourceFile & { test?: SourceFile | undefined })
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
  /** Puzzles by split. */
  counts: { train: number; test: number }
  /** In words, what is guaranteed about puzzles that appear in both splits. */
  disjoint: string
  /** In words, what was checked about the answers. */
  solutions: string
  /** Name of the Arrow file of each split, and its SHA-256. */
  files: Record<'train' | 'test', { name: string; sha256: string }>
}

/** A file that puzzles were read from. */
export interface SourceFile {
  /** As it was given. */
  path: string
  sha256: string
}

/** One split in memory. Row i is `inputs[i·seqLen … (i+1)·seqLen)`. */
export interface Split {
  /** Puzzles N. */
  readonly count: number
  readonly seqLen: number
  /** `[N, seqLen]` tokens. */
  readonly inputs: Uint8Array
  /** `[N, seqLen]` tokens as stored (the ignore label not yet replaced). */
  readonly labels: Uint8Array
  /** `[N]` difficulty; for Sudoku the backtracks of the solver. */
  readonly ratings: Float64Array
  /** `[N]` row of the puzzle embedding. */
  readonly puzzleIds: Int32Array
}

/**
 * Writes version `a` of a puzzle into `inputs` and `labels` (`[seqLen]` each): a pure function of
 * (seed, puzzle, a); `a = 0` is the puzzle itself.
 */
export type Augment = (
  split: Split,
  puzzle: number,
  seed: number,
  a: number,
  inputs: { [i: number]: number },
  labels: { [i: number]: number },
  offset: number,
) => void

/** A task's data, ready to be drawn from. */
export interface Dataset {
  readonly manifest: DatasetManifest
  /** SHA-256 over the content (tokens, ratings, vocabulary): names this very data set in a run's provenance. */
  readonly hash: string
  readonly train: Split
  readonly test: Split
  /** How a training puzzle is varied; null when the task has no augmentation. */
  readonly augment: Augment | null
}

/** What one supervision step is offered. */
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
  /** `[B]` index of the puzzle in its split, -1 for a row of padding. */
  readonly rows: Int32Array
}
