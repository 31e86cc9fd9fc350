import { z } from 'zod'
import type { FileOrder } from '../../data/puzzle-splits.js'
import { UserError } from '../../errors.js'
import { parseOptions } from '../../options/options.js'
import { fileOptions, fileOrder } from '../file-options.js'
import { conflict, lacks, nothingAsked } from '../option-errors.js'

/** Minimum and maximum side of a maze. */
export const SIZES = { least: 5, greatest: 64 } as const

/** Schema common to both ways of writing shares. */
const share = z.number().min(0).max(0.95)
const SHARES = /^(\d*\.?\d+)-(\d*\.?\d+)$/

/** Schema of the options of a maze data set; the same keys in TypeScript and on the command line. */
export const mazeOptions = z.strictObject({
  size: z.int().min(SIZES.least).max(SIZES.greatest).default(30).describe('Side of the mazes, in cells.'),
  minPath: z
    .int()
    .min(2)
    .optional()
    .describe(
      'Minimum cells of the shortest path, including S and G. Default: 110 at size 30, about as rare at other sizes.',
    ),
  walls: z
    .union([
      share,
      z.tuple([share, share]).readonly(),
      z.string().regex(SHARES, 'a share, or a range of shares like 0.27-0.45'),
    ])
    .optional()
    .describe('Share of cells that are walls, one number or a range. Default: 0.27-0.45, as in Maze-Hard.'),
  train: z
    .int()
    .min(0)
    .optional()
    .describe('Number of training mazes. Default: 200 when generated, else all that test leaves.'),
  test: z
    .int()
    .min(0)
    .optional()
    .describe('Number of test mazes. Default: 300 when generated, else all of testCsv or all that train leaves.'),
  seed: z.int().min(0).default(0).describe('Seed of the generated mazes, or of the selection from a file.'),
  csv: z
    .string()
    .min(1)
    .optional()
    .describe('CSV file with columns question (puzzle) and answer (solution), and optionally rating (difficulty).'),
  testCsv: z.string().min(1).optional().describe('CSV file of the test mazes. Default: csv is split.'),
  ...fileOptions,
  augment: z
    .enum(['none', 'dihedral'])
    .default('none')
    .describe('dihedral: training draws from the 8 turned and mirrored versions of each maze; the test split stays.'),
})

/** Options as written; omitted ones take their defaults. */
export type MazeOptions = z.input<typeof mazeOptions>

/** Checked options of a data set. */
export interface MazePlan {
  readonly size: number
  readonly seed: number
  readonly dihedral: boolean
  readonly source: GeneratedSource | MazeFiles
  /** Options with defaults, as stored in the manifest. */
  readonly stored: Record<string, unknown>
}

/** Mazes to generate. */
export interface GeneratedSource {
  readonly kind: 'generated'
  /** Minimum cells of the shortest path, including S and G. */
  readonly minPath: number
  /** Minimum and maximum share of walls. */
  readonly walls: readonly [least: number, greatest: number]
  readonly train: number
  readonly test: number
}

/** Mazes to read from files. */
export interface MazeFiles extends FileOrder {
  readonly kind: 'csv'
}

/** Share of walls in Maze-Hard. */
const REAL_WALLS = [0.27, 0.45] as const

/** Checks options. @throws UserError naming the key that is invalid, unknown or conflicts with another. */
export function planMaze(input: MazeOptions): MazePlan {
  const options = parseOptions(mazeOptions, input, 'a maze data set')
  const { size, seed, augment, csv, testCsv, train, test, minRating, minPath } = options
  const common = { size, seed, dihedral: augment === 'dihedral' }
  if (csv === undefined) {
    if (testCsv !== undefined) throw lacks('testCsv', 'csv')
    if (minRating !== undefined) throw lacks('minRating', 'csv')
    const walls = wallShares(options.walls)
    const asked = { minPath: minPath ?? defaultPath(size), walls, train: train ?? 200, test: test ?? 300 }
    if (asked.train + asked.test === 0) throw nothingAsked('mazes', '0 of both')
    return { ...common, source: { kind: 'generated', ...asked }, stored: { size, ...asked, augment, seed } }
  }
  if (minPath !== undefined) throw conflict('minPath', 'csv')
  if (options.walls !== undefined) throw conflict('walls', 'csv')
  if (testCsv === undefined && train === undefined && test === undefined) throw nothingAsked('mazes', 'neither')
  const order = fileOrder(csv, options)
  return { ...common, source: { kind: 'csv', ...order }, stored: { size, csv, ...order, augment, seed } }
}

/** Returns the path length that is as rare at this size as 110 cells at 30×30. */
export function defaultPath(size: number): number {
  return Math.round(110 * (size / 30) ** 1.15)
}

function wallShares(walls: z.output<typeof mazeOptions>['walls']): readonly [number, number] {
  if (walls === undefined) return REAL_WALLS
  if (typeof walls === 'number') return [walls, walls]
  const [least, greatest] = typeof walls === 'string' ? walls.split('-').map(Number) : walls
  if (least !== undefined && greatest !== undefined && least <= greatest && greatest <= 0.95) return [least, greatest]
  throw new UserError({
    where: 'key walls',
    expected: 'a share, or a range of shares, between 0 and 0.95',
    found: JSON.stringify(walls),
    exitCode: 2,
  })
}
