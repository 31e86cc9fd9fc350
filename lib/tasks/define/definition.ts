import { z } from 'zod'
import type { Random } from '../../random.js'

/** Cells of a grid in row-major order: a list of symbols, or a string when every symbol is one character. */
export type WrittenCells = string | readonly (string | number)[]

/** A puzzle with one correct answer. */
export interface TaskExample {
  readonly question: WrittenCells
  readonly answer: WrittenCells
}

/**
 * A transformation of grids that maps puzzles to puzzles and their answers to answers: it permutes cells and renames
 * symbols, in the same way in every grid. Question and answer receive the same random numbers.
 *
 * @param cells `[rows · columns]` symbols in row-major order
 */
export type TaskSymmetry = (cells: readonly string[], random: Random) => WrittenCells

/** Definition of a task in a cell. */
export type TaskDefinition = {
  /** Letters, digits and hyphens; the value of the configuration's key `task`. */
  readonly name: string
  /** Symbols of the cells, at most 255. */
  readonly vocabulary: readonly string[]
  /** Rows and columns of question and answer. */
  readonly rows: number
  readonly columns: number
  /**
   * Symbol of a cell that an answer fills in, for pictures and the mean of clues. Default: `.`, when that is a symbol.
   */
  readonly blank?: string
  /**
   * Returns whether an answer is correct; several may be. A cell predicted as padding is an empty string. Default: only
   * the stored answer is correct.
   */
  readonly judge?: (question: readonly string[], answer: readonly string[]) => boolean
  /** Symmetries: training draws versions of a puzzle from all their combinations. Default: none. */
  readonly symmetries?: readonly TaskSymmetry[]
} & (
  | {
      /** Generates one puzzle, using only `random` for random numbers. */
      readonly generate: (random: Random) => TaskExample
      readonly examples?: never
    }
  | {
      /** All puzzles of the task; a data set draws its splits from them in an order given by its seed. */
      readonly examples: readonly TaskExample[]
      readonly generate?: never
    }
)

/** Options of a data set of a defined task. */
export const definedOptions = z.strictObject({
  train: z.int().min(0).default(200).describe('Training puzzles.'),
  test: z.int().min(0).default(300).describe('Test puzzles.'),
  seed: z.int().min(0).default(0).describe('Seed of the puzzles.'),
})

/** Options as written; omitted ones take their defaults. */
export type DefinedOptions = z.input<typeof definedOptions>
