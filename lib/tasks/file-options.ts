import { z } from 'zod'
import type { FileOrder } from '../data/puzzle-splits.js'

/** Options of data sets that are read from files, shared by the tasks that have them. */
export const fileOptions = {
  minRating: z.number().min(0).optional().describe('Minimum rating of the puzzles taken from a file.'),
  duplicates: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe('Policy for a line of a file that repeats an earlier one.'),
} as const

/** Options that {@link fileOrder} reads. */
interface ReadOptions {
  readonly testCsv?: string | undefined
  readonly train?: number | undefined
  readonly test?: number | undefined
  readonly minRating?: number | undefined
  readonly duplicates: 'refuse' | 'skip'
}

/** Returns what is read from a file of puzzles, and from a second one for the test split. */
export function fileOrder(file: string, { testCsv, train, test, minRating, duplicates }: ReadOptions): FileOrder {
  return {
    file,
    testFile: testCsv ?? null,
    train: train ?? null,
    test: test ?? null,
    minRating: minRating ?? 0,
    skipDuplicates: duplicates === 'skip',
  }
}
