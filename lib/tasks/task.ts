import type { Table } from 'apache-arrow'
import type { z } from 'zod'
import type { GeneratedKey } from '../config/data-keys.js'
import type { Preset } from '../config/paper-settings.js'
import type { AugmentationSpec } from '../data/augmentation-spec.js'
import type { Augmentation, Dataset, DatasetManifest, Identifiers, Split, TestTask } from '../data/dataset.js'
import type { MakeOptions } from '../data/progress.js'
import type { Likeness } from '../data/puzzle-index.js'
import type { Random } from '../random.js'
import type { Download } from './downloads.js'
import type { PuzzleLook } from './look.js'
import type { PosedPuzzle, PuzzleChoice, PuzzleText } from './posed.js'
import type { Votes, VotesOptions } from './votes.js'

/** The manifest fields that determine how puzzles are parsed, drawn and judged. */
export type PuzzleSpec = Pick<DatasetManifest, 'task' | 'options' | 'seqLen' | 'vocabSize'>

/**
 * Everything specific to a task. Each task is one such object in its own folder, `lib/tasks/NAME`, with one line in the
 * registry; all other code asks the registry. Every member but the first three has a default, which suits a task whose
 * puzzles come from a published folder and whose tokens have no meaning.
 */
export interface Task {
  /** Value of the key `task` in the configuration and in a manifest. */
  readonly name: string
  /** Noun phrase for its data sets in messages: `a Sudoku data set`. */
  readonly title: string
  /**
   * Builds data sets, generated or read from the task's own files; null for a task that exists only as published
   * folders.
   */
  readonly builder: TaskBuilder | null
  /** Named configurations, by `TASK-SCALE`. Default: none. */
  readonly presets?: Readonly<Record<string, Preset>>

  /**
   * Returns the symbols of tokens 1, 2, …; token 0 is padding. `look`, `meaning` and `pose` follow from them unless the
   * task defines its own. Default: tokens are numbers.
   */
  symbols?(spec: PuzzleSpec): readonly string[]
  /**
   * Returns the look of puzzles, in pictures and as text. Default: `symbols` on a square, or in one row when the length
   * is not a square.
   */
  look?(spec: PuzzleSpec): PuzzleLook
  /** Describes a token in words, e.g. `digit 3`. Default: its symbol. */
  meaning?(token: number): string | undefined
  /** Describes the ratings of examples, e.g. `backtracks of a solver`. Default: unknown. */
  readonly ratings?: string

  /**
   * Returns the parts of a data set that follow from its manifest and stored tables: augmentation, identifiers, test
   * tasks. Default: no augmentation, only the blank identifier, no test tasks.
   *
   * @throws UserError when the manifest or the tables contradict the task.
   */
  open?(manifest: DatasetManifest, stored: StoredParts): TaskParts
  /** Rebuilds an augmentation from its specification in another thread. Default: the task has no such augmentation. */
  augmentation?(parts: AugmentationSpec['parts']): Augmentation
  /**
   * Whether training puzzles have unlimited versions, so that the key `augment` bounds the number drawn. Default:
   * false.
   */
  readonly augments?: boolean
  /**
   * Returns a count of the votes that the versions of a test puzzle give for its answer (pass@k), or null for a data set
   * without test tasks. Default: versions are scored each for itself.
   */
  votes?(data: Dataset, options: VotesOptions): Votes | null

  /**
   * Returns the symmetries of a data set's grids, under which puzzles with their answers stay puzzles with their answers.
   * Default: there are none.
   */
  symmetries?(spec: PuzzleSpec): Symmetries
  /** Judge of answers. Default: none; only the stored answer is correct. */
  readonly judge?: TaskJudge
  /**
   * Parses one puzzle, for `solve`. Default: a line of `symbols` (or one row per line), `question` or
   * `question:answer`.
   *
   * @throws UserError when the text is not a puzzle of this task.
   */
  pose?(spec: PuzzleSpec, text: PuzzleText, choice: PuzzleChoice): PosedPuzzle
  /** Equivalence of puzzles. Default: puzzles with the same question and answer are equivalent. */
  readonly sameness?: Sameness
  /** Published data sets that `recurlab data fetch NAME` downloads, by name. Default: none. */
  readonly downloads?: Readonly<Record<string, Download>>
  /** Facts about the task that the published layout omits. Default: its folders are read as `tokens`. */
  readonly published?: PublishedTask
}

/** A symmetry of grids: a permutation of cells and a renaming of tokens. */
export interface GridSymmetry {
  /** `[seqLen]` source of each cell. */
  readonly cells: ArrayLike<number>
  /** `[V]` image of each token. */
  readonly tokens: ArrayLike<number>
}

/** Symmetries of a task's grids: a list of all, identity first, or, if there are too many, a uniform draw of one. */
export type Symmetries = readonly GridSymmetry[] | ((random: Random) => GridSymmetry)

/** Builder of a task's data sets. */
export interface TaskBuilder {
  /**
   * Strict schema of the options, with the same keys in TypeScript and on the command line, each with a description.
   */
  readonly options: z.ZodObject
  /** Builds a data set. @throws UserError for invalid options or files. */
  build(options: Record<string, unknown>, make?: MakeOptions): Promise<Dataset>
  /** Options of an example on the command line, including `out=DIR`. */
  readonly example: string
  /** Option that each configuration key sets, when data is generated from a configuration. */
  readonly keys: { readonly [K in GeneratedKey]?: string }
  /** Additional options of generated data, e.g. `{ set: 'generated' }`. Default: none. */
  readonly fixed?: Readonly<Record<string, unknown>>
}

/** Tables in a data set's folder beside the manifest. */
export interface StoredParts {
  readonly train: Split
  readonly test: Split
  /** Tables listed in the manifest's `files`; null when it lists none. */
  readonly identifiers: Table | null
  readonly tests: Table | null
}

/** Parts of a data set that its task determines. */
export type TaskParts = Pick<Dataset, 'augment' | 'identifiers' | 'testTasks' | 'withheld' | 'tables'>

/** A judgement of one answer by criterion: `{ valid: true, optimal: false }`. */
export type Judgement = Readonly<Record<string, boolean>>

/** Judges answers by the rules of a task, without the stored answer, so that several may be correct. */
export interface TaskJudge {
  /**
   * Meaning of each criterion in words; an evaluation reports the fraction of puzzles that meets it as `test.NAME`.
   * `valid` means that the answer is correct.
   */
  readonly criteria: Readonly<Record<string, string>> & { readonly valid: string }
  /** Returns the judge of a data set's puzzles. */
  of(spec: PuzzleSpec): Judge
}

/**
 * Judges one answer.
 *
 * @param question `[seqLen]` tokens of the puzzle
 * @param answer `[seqLen]` predicted tokens, anywhere in the vocabulary, padding included
 * @returns a value for each criterion
 */
export type Judge = (question: ArrayLike<number>, answer: ArrayLike<number>) => Judgement

/** Equivalence of a task's puzzles. */
export interface Sameness {
  /** Whether the question alone identifies a puzzle; else the answer is compared too. */
  readonly byQuestion: boolean
  /**
   * Describes the transformations under which puzzles are twins, e.g. `relabelled or permuted`; null when twins are
   * ignored.
   */
  readonly twins: string | null
  /** Returns the equivalence of twins, which have equal forms, in tokens; used only when `twins` is set. */
  likeness?(spec: PuzzleSpec): Likeness
}

/** Known sizes of a published data set or of a model. */
export interface PublishedSizes {
  /** Vocabulary size V, including padding. */
  readonly vocabSize: number
  /** Tokens per puzzle; null when unknown. */
  readonly seqLen: number | null
  /** Name of the file of test tasks in the folder (see {@link PublishedTests}). Default: there is none. */
  readonly testsFile?: string | undefined
}

/** The file of test tasks in a task's published folders, beside the arrays. */
export interface PublishedTests {
  /** Name of the file, which no other task's folders have. */
  readonly file: string
  /**
   * Returns the test tasks of a folder, and which of its test examples have no known answer.
   *
   * @param value JSON value of the file
   * @param file path of the file, for errors
   * @param folder test split and names of the same folder
   * @throws UserError for a malformed task, and when tasks and test split contradict each other.
   */
  read(
    value: unknown,
    file: string,
    folder: { readonly test: Split; readonly identifiers: Identifiers },
  ): { readonly testTasks: readonly TestTask[]; readonly withheld: Uint8Array | null }
  /** Returns the JSON value of the file for a data set with test tasks. */
  content(data: Dataset, testTasks: readonly TestTask[]): unknown
}

/** Facts that the published layout, whose folders name no task, omits. */
export interface PublishedTask {
  /**
   * Recognises the task by sizes, and by an answer when several tasks have the same sizes.
   *
   * @param answer `[seqLen]` tokens of the first label; null when there is none
   * @returns the tokens per puzzle and the options that the task's own data sets have in their manifest; null for
   * another task
   */
  recognise(
    sizes: PublishedSizes,
    answer: ArrayLike<number> | null,
  ): { readonly seqLen: number; readonly options: Readonly<Record<string, unknown>> } | null
  /** Returns the rating of an example from its label (`[seqLen]` tokens). Default: 0, for unknown. */
  rating?(label: Uint8Array): number
  /** The file of test tasks in the task's folders. Default: they have none. */
  readonly tests?: PublishedTests
  /** Whether the published builder counts groups in `total_puzzles`. Default: false. */
  readonly countsGroups?: boolean
}
