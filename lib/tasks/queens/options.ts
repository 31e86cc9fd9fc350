import { z } from 'zod'
import { UserError } from '../../errors.js'
import { parseOptions } from '../../options/options.js'
import { nothingAsked } from '../option-errors.js'
import { SIZES } from './solutions.js'

/** Default numbers of given queens: 1 to 3, as in the GRAM paper (8×8 with 5…7 removed, 10×10 with 7…9). */
const GIVEN = [1, 2, 3] as const

/** Schema of the options of a queens data set; the same keys in TypeScript and on the command line. */
export const queensOptions = z.strictObject({
  size: z
    .int()
    .min(SIZES.least)
    .max(SIZES.greatest)
    .default(8)
    .describe('Side of the boards, and number of queens in an answer.'),
  clues: z.int().min(1).optional().describe('Number of given queens per puzzle. Default: 1, 2 and 3.'),
  train: z.int().min(0).optional().describe('Number of training puzzles. Default: all that test leaves.'),
  test: z.int().min(0).optional().describe('Number of test puzzles. Default: 15 % of all puzzles.'),
  seed: z.int().min(0).default(0).describe('Seed of the selection of puzzles, and of the stored completions.'),
  augment: z
    .enum(['none', 'dihedral'])
    .default('none')
    .describe(
      'dihedral: training draws from the 8 turned and mirrored versions of each puzzle, and no puzzle is a twin of another.',
    ),
})

/** Options as written; omitted ones take their defaults. */
export type QueensOptions = z.input<typeof queensOptions>

/** Checked options of a data set. */
export interface QueensPlan {
  readonly size: number
  /** Numbers of given queens. */
  readonly given: readonly number[]
  /** null: all that the other split leaves, or 15 % for the test split. */
  readonly train: number | null
  readonly test: number | null
  readonly seed: number
  readonly dihedral: boolean
}

/** Checks options. @throws UserError naming the key that is invalid or unknown. */
export function planQueens(input: QueensOptions): QueensPlan {
  const { size, clues, train, test, seed, augment } = parseOptions(queensOptions, input, 'a queens data set')
  if (clues !== undefined && clues >= size)
    throw new UserError({
      where: 'key clues',
      expected: `1 to ${size - 1} given queens on a ${size}×${size} board`,
      found: String(clues),
      exitCode: 2,
    })
  if (train === 0 && test === 0) throw nothingAsked('puzzles', '0 of both')
  return {
    size,
    given: clues === undefined ? GIVEN : [clues],
    train: train ?? null,
    test: test ?? null,
    seed,
    dihedral: augment === 'dihedral',
  }
}
