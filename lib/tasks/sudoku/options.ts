import { z } from 'zod'
import type { FileOrder } from '../../data/puzzle-splits.js'
import { parseOptions } from '../../options/options.js'
import { fileOptions, fileOrder } from '../file-options.js'
import { conflict, lacks, nothingAsked } from '../option-errors.js'
import { BOXES, type Box, type Geometry, geometry } from './box.js'

const boxNames = Object.keys(BOXES) as (keyof typeof BOXES)[]

/** Schema of the options of a Sudoku data set; the same keys in TypeScript and on the command line. */
export const sudokuOptions = z.strictObject({
  box: z
    .union([z.enum(boxNames), z.tuple([z.int(), z.int()]).readonly()], { error: `one of ${boxNames.join(', ')}` })
    .default('2x2')
    .describe('Box, rows x columns: 2x2 is the 4×4 grid, 2x3 6×6, 3x3 9×9.'),
  clues: z
    .int()
    .min(1)
    .max(80)
    .optional()
    .describe('Given digits of a generated puzzle. Default: 5 at 4×4, 14 at 6×6, 27 at 9×9.'),
  train: z
    .int()
    .min(0)
    .optional()
    .describe('Number of training puzzles. Default: 200 when generated, else all that test leaves.'),
  test: z
    .int()
    .min(0)
    .optional()
    .describe('Number of test puzzles. Default: 300 when generated, else all of testCsv or all that train leaves.'),
  seed: z.int().min(0).default(0).describe('Seed of the generated puzzles, or of the selection from a file.'),
  csv: z
    .string()
    .min(1)
    .optional()
    .describe(
      'CSV file with a column question (quizzes, puzzle) and optionally answer (solution, solutions) and rating (difficulty).',
    ),
  testCsv: z.string().min(1).optional().describe('CSV file of the test puzzles. Default: csv is split.'),
  list: z
    .string()
    .min(1)
    .optional()
    .describe('File with one puzzle per line: question, question:answer or question,answer.'),
  ...fileOptions,
})

/** Options as written; omitted ones take their defaults. */
export type SudokuOptions = z.input<typeof sudokuOptions>

/** Checked options of a data set. */
export interface SudokuPlan {
  readonly grid: Geometry
  readonly seed: number
  readonly source:
    | { readonly kind: 'generated'; readonly clues: number; readonly train: number; readonly test: number }
    | FileSource
  /** Options with defaults, as stored in the manifest. */
  readonly stored: Record<string, unknown>
}

/** Puzzles to read from files. */
export interface FileSource extends FileOrder {
  readonly kind: 'csv' | 'list'
}

const DEFAULT_CLUES: Readonly<Record<number, number>> = { 4: 5, 6: 14, 9: 27 }

/** Checks options. @throws UserError naming the key that is invalid, unknown or conflicts with another. */
export function planSudoku(input: SudokuOptions): SudokuPlan {
  const options = parseOptions(sudokuOptions, input, 'a Sudoku data set')
  const box: Box = typeof options.box === 'string' ? BOXES[options.box] : options.box
  const grid = geometry(box)
  const { csv, list, train, test, seed, minRating } = options
  if (csv !== undefined && list !== undefined) throw conflict('list', 'csv')
  if (options.testCsv !== undefined && csv === undefined) throw lacks('testCsv', 'csv')
  const file = csv ?? list
  if (file === undefined) {
    if (minRating !== undefined) throw lacks('minRating', 'csv or list')
    const clues = options.clues ?? DEFAULT_CLUES[grid.side]!
    const asked = { clues, train: train ?? 200, test: test ?? 300 }
    if (asked.train + asked.test === 0) throw nothingAsked('puzzles', '0 of both')
    return { grid, seed, source: { kind: 'generated', ...asked }, stored: { box: box.join('x'), ...asked, seed } }
  }
  if (options.clues !== undefined) throw conflict('clues', csv === undefined ? 'list' : 'csv')
  if (options.testCsv === undefined && train === undefined && test === undefined)
    throw nothingAsked('puzzles', 'neither')
  const order = fileOrder(file, options)
  const kind = csv === undefined ? 'list' : 'csv'
  return { grid, seed, source: { kind, ...order }, stored: { box: box.join('x'), [kind]: file, ...order, seed } }
}
