import type { Table } from 'apache-arrow'
import type { z } from 'zod'
import type { GeneratedKey } from '../config/data-keys.js'
import type { Preset } from '../config/paper-settings.js'
import type { Augmentation, Dataset, DatasetManifest, Split } from '../data/dataset.js'
import type { MakeOptions } from '../data/progress.js'
import type { Likeness } from '../data/puzzle-index.js'
import type { Recipe } from '../data/recipe.js'
import type { PuzzleLook } from './look.js'
import type { PosedPuzzle, PuzzleChoice, PuzzleText } from './posed.js'

/** The part of a data set's manifest that tells how its puzzles are read, drawn and judged. */
export type PuzzleSpec = Pick<DatasetManifest, 'task' | 'options' | 'seqLen' | 'vocabSize'>

/**
 * Everything that is known about a task. Each task is one such object in a folder of its own, `lib/tasks/NAME`, and one line
 * of the registry; everything above asks the registry. All but the first three members have defaults that fit a task whose
 * puzzles are read from a published folder and known by their numbers only.
 */
export interface Task {
  /** The value of the configuration's key `task`, and of a manifest's. */
  readonly name: string
  /** Its data sets, with an article, in messages: `a Sudoku data set`. */
  readonly title: string
  /** How data sets are generated or read from the task's own files; null: they come from published folders only. */
  readonly builder: TaskBuilder | null
  /** Named configurations, by `TASK-SCALE`. Default: none. */
  readonly presets?: Readonly<Record<string, Preset>>

  /**
   * Symbols of tokens 1, 2, …; token 0 is padding. `look`, `meaning` and `pose` follow from them where a task has none of
   * its own. Default: tokens are numbers.
   */
  symbols?(spec: PuzzleSpec): readonly string[]
  /** How puzzles are drawn, in pictures and as text. Default: `symbols` on a square, or on one row where none fits. */
  look?(spec: PuzzleSpec): PuzzleLook
  /** The meaning of a token in words, e.g. `digit 3`. Default: its symbol. */
  meaning?(token: number): string | undefined
  /** The meaning of the examples' ratings in words, e.g. `backtracks of a solver`. Default: nothing is known of them. */
  readonly ratings?: string

  /**
   * Parts of a data set that follow from its manifest and its stored tables: augmentation, identifiers, test tasks.
   * Default: no augmentation, the blank identifier alone, no test tasks.
   *
   * @throws UserError when the manifest or the tables contradict the task.
   */
  open?(manifest: DatasetManifest, stored: StoredParts): TaskParts
  /** The augmentation made of the `parts` of a recipe, as another thread is given them. Default: no recipe names the task. */
  augmentation?(parts: Recipe['parts']): Augmentation
  /** Whether versions of a training puzzle are without end, so that the key `augment` says how many are drawn from. Default false. */
  readonly augments?: boolean
  /** Whether the versions of a test puzzle vote for its answer (ARC's pass@k). Default false. */
  readonly votes?: boolean

  /** The judge of answers. Default: none; an answer is right only if it is the stored one. */
  readonly judge?: TaskJudge
  /**
   * Reads one puzzle, for `solve`. Default: a line of `symbols` (or a row a line), `question` or `question:answer`.
   *
   * @throws UserError for text that is no puzzle of this task.
   */
  pose?(spec: PuzzleSpec, text: PuzzleText, choice: PuzzleChoice): PosedPuzzle
  /** Which puzzles count as the same. Default: those with the same question and the same answer. */
  readonly sameness?: Sameness
  /** Facts about the task that the published layout lacks. Default: its folders cannot be told from those of `tokens`. */
  readonly published?: PublishedTask
}

/** How a task's data sets are made. */
export interface TaskBuilder {
  /** A strict schema of the options; the same keys in TypeScript and on the command line, each with a description. */
  readonly options: z.ZodObject
  /** @throws UserError for options that are wrong, and whatever is wrong in files. */
  build(options: Record<string, unknown>, make?: MakeOptions): Promise<Dataset>
  /** Options of an example on the command line, `out=DIR` among them. */
  readonly example: string
  /** The option that each key of the configuration sets, where data are generated from a configuration. */
  readonly keys: { readonly [K in GeneratedKey]?: string }
  /** Options that generated data are built with beside those keys, e.g. `{ set: 'generated' }`. Default: none. */
  readonly fixed?: Readonly<Record<string, unknown>>
}

/** The tables that a data set's folder holds beside its manifest. */
export interface StoredParts {
  readonly train: Split
  readonly test: Split
  /** Tables named in the manifest's `files`; null where it names none. */
  readonly identifiers: Table | null
  readonly tests: Table | null
}

/** The parts of a data set that follow from its task. */
export type TaskParts = Pick<Dataset, 'augment' | 'identifiers' | 'testTasks' | 'tables'>

/** A judgement of one answer by criterion: `{ valid: true, optimal: false }`. */
export type Judgement = Readonly<Record<string, boolean>>

/** Says by a task's own rules whether an answer is right; needs no stored answer, so that several may be. */
export interface TaskJudge {
  /**
   * The meaning of each criterion in words; an evaluation has the share of puzzles that meets it as `test.NAME`. `valid`
   * is the one that makes an answer right.
   */
  readonly criteria: Readonly<Record<string, string>> & { readonly valid: string }
  /** The judge of the puzzles of a data set. */
  of(spec: PuzzleSpec): Judge
}

/**
 * Judges one answer.
 *
 * @param question `[seqLen]` tokens of the puzzle
 * @param answer `[seqLen]` predicted tokens, any below the vocabulary's size, padding among them
 * @returns a value for each of the criteria
 */
export type Judge = (question: ArrayLike<number>, answer: ArrayLike<number>) => Judgement

/** Which puzzles of a task count as the same. */
export interface Sameness {
  /** Whether the question alone tells a puzzle from others; else the answer is compared too. */
  readonly byQuestion: boolean
  /** The changes that make a twin of a puzzle, e.g. `relabelled or permuted`; null where twins are not looked for. */
  readonly twins: string | null
  /** Twins are puzzles with the same form, in tokens; asked for only where `twins` names them. */
  likeness?(spec: PuzzleSpec): Likeness
}

/** Sizes of a published data set or of a model, as far as they are known. */
export interface PublishedSizes {
  /** Vocabulary size V, padding included. */
  readonly vocabSize: number
  /** Tokens of a puzzle; null where nothing says. */
  readonly seqLen: number | null
}

/** Facts that the published layout, whose folders name no task, lacks. */
export interface PublishedTask {
  /**
   * Recognises the task by sizes, and by an answer where several tasks have the same sizes.
   *
   * @param answer `[seqLen]` tokens of the first label; null where there is none
   * @returns the tokens of a puzzle and the options that the task's own data sets have in their manifest; null: another task's
   */
  recognise(
    sizes: PublishedSizes,
    answer: ArrayLike<number> | null,
  ): { readonly seqLen: number; readonly options: Readonly<Record<string, unknown>> } | null
  /** The rating of an example by its label (`[seqLen]` tokens). Default: 0, which stands for "not known". */
  rating?(label: Uint8Array): number
  /** Whether the published builder counts groups where `total_puzzles` says puzzles. Default false. */
  readonly countsGroups?: boolean
}
