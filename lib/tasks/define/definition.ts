import { z } from 'zod'
import type { Random } from '../../random.js'

/** The cells of a grid, row by row: a list of symbols, or a text where every symbol is one character. */
export type WrittenCells = string | readonly (string | number)[]

/** A puzzle with one right answer. */
export interface TaskExample {
  readonly question: WrittenCells
  readonly answer: WrittenCells
}

/**
 * A change of a grid that makes a puzzle of a puzzle and its answer of its answer: it moves cells and renames symbols, alike
 * in every grid. What it draws from `random` is the same for a question and its answer.
 *
 * @param cells `[rows · columns]` symbols, row by row
 */
export type TaskSymmetry = (cells: readonly string[], random: Random) => WrittenCells

/** A task as a cell defines it. */
export type TaskDefinition = {
  /** Letters, digits and hyphens; the value of the configuration's key `task`. */
  readonly name: string
  /** Symbols of the cells, at most 255. */
  readonly vocabulary: readonly string[]
  /** Rows and columns of question and answer. */
  readonly rows: number
  readonly columns: number
  /** The symbol of a cell that an answer fills in, for pictures and the mean of clues. Default: `.`, where that is a symbol. */
  readonly blank?: string
  /**
   * Says whether an answer is right; several may be. A cell that was predicted as padding is an empty text. Default: an
   * answer is right only if it is the stored one.
   */
  readonly judge?: (question: readonly string[], answer: readonly string[]) => boolean
  /** Symmetries: training draws versions of a puzzle from all their combinations. Default: none. */
  readonly symmetries?: readonly TaskSymmetry[]
} & (
  | {
      /** Makes one puzzle, drawing from `random` alone. */
      readonly generate: (random: Random) => TaskExample
      readonly examples?: never
    }
  | {
      /** All puzzles there are; a data set takes its splits out of them in an order that its seed gives. */
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

/** Options as they are written; what is left out takes its default. */
export type DefinedOptions = z.input<typeof definedOptions>
