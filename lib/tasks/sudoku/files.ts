import { lineOf } from '../../data/csv.js'
import { createCount, type MakeOptions } from '../../data/progress.js'
import { type FileSplits, type PuzzleTask, splitsFromFiles } from '../../data/puzzle-splits.js'
import type { Geometry } from './box.js'
import type { FileSource } from './options.js'
import { solveUnique } from './parse.js'
import { readRows } from './read.js'
import { likenessOf, type Sameness, samenessFor } from './twins.js'

/** Maximum number of puzzles per split that are solved to verify uniqueness. */
const CHECK_LIMIT = 20_000

/** Maximum number of puzzles searched for twins; above it, only literal copies are detected. */
const TWIN_LIMIT = 1_000_000

/** Splits read from files, with the checks applied to them. */
export interface SudokuSplits extends Omit<FileSplits, 'rows'> {
  /** Equivalence under which the splits are disjoint. */
  readonly sameness: Sameness
  /** Whether each puzzle was solved, or only its answer checked. */
  readonly solved: boolean
}

/**
 * Draws the splits from one or two files, see {@link splitsFromFiles}; missing answers are computed by solving.
 *
 * @throws UserError for invalid lines, repeated lines, puzzles without exactly one solution, and too few puzzles.
 */
export async function sudokusFromFiles(
  grid: Geometry,
  source: FileSource,
  seed: number,
  make: MakeOptions = {},
): Promise<SudokuSplits> {
  const sameness = (rows: number): Sameness => (rows > TWIN_LIMIT ? 'literal' : samenessFor(grid))
  let allSolved = true
  const task: PuzzleTask = {
    cells: grid.cells,
    plural: 'puzzles',
    likeness: (rows) => likenessOf(grid, sameness(rows)),
    read: (file, accept) =>
      readRows(grid, file, source.kind, source.minRating > 0, ({ clues, answer, rating, line }) => {
        if (answer !== null && rating !== null) {
          allSolved = false
          return accept({ clues, solution: answer, rating, line })
        }
        const { solution, backtracks } = solveUnique(grid, clues, lineOf(file, line), answer)
        accept({ clues, solution, rating: rating ?? backtracks, line })
      }),
  }
  const { rows, ...splits } = await splitsFromFiles(task, source, seed, make)
  return {
    ...splits,
    sameness: sameness(rows),
    solved: allSolved || (await checkSolutions(grid, source, splits, make)),
  }
}

/** Solves the puzzles of splits that are small enough. @returns whether all were solved */
async function checkSolutions(
  grid: Geometry,
  source: FileSource,
  { train, test }: Pick<FileSplits, 'train' | 'test'>,
  make: MakeOptions,
): Promise<boolean> {
  let all = true
  for (const [split, file] of [
    [train, source.file],
    [test, source.testFile ?? source.file],
  ] as const) {
    if (split.count > CHECK_LIMIT) all = false
    else {
      const tell = createCount(make, 'puzzles', 'solved', split.count)
      for (let i = 0; i < split.count; i++) {
        const turn = tell(i)
        if (turn) await turn
        const { clues, solution, line } = split.at(i)
        solveUnique(grid, clues, lineOf(file, line), solution)
      }
    }
  }
  return all
}
