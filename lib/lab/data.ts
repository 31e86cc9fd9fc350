import { startBackend } from '../backend/index.js'
import type { Dataset } from '../data/dataset.js'
import { arc as makeArc, maze as makeMaze, sudoku as makeSudoku } from '../experiment/data/make-data.js'
import type { ArcOptions } from '../tasks/arc/index.js'
import type { MazeOptions } from '../tasks/maze/index.js'
import type { SudokuOptions } from '../tasks/sudoku/index.js'

/**
 * A Sudoku data set: generated, or out of files. The same options (and files) give the same data set, byte for byte. How
 * far it is, is shown where it takes longer than a second. It starts the backend, so that a model can be made of it.
 *
 * @example
 * const data = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 300, seed: 0 })
 * @throws UserError for wrong options, bad lines of a file, and more puzzles than there are.
 */
export function sudoku(options?: SudokuOptions): Promise<Dataset> {
  return withBackend(makeSudoku(options))
}

/**
 * A maze data set: generated as Maze-Hard was, or out of files. The same options (and files) give the same data set,
 * byte for byte. How far it is, is shown where it takes longer than a second. It starts the backend, so that a model can be made
 * of it.
 *
 * @example
 * const data = await maze({ size: 12, train: 200, test: 100, seed: 0 })
 * @throws UserError for wrong options, bad lines of a file, and more mazes than there are.
 */
export function maze(options?: MazeOptions): Promise<Dataset> {
  return withBackend(makeMaze(options))
}

/**
 * An ARC data set: ARC-AGI-1 or ARC-AGI-2 out of files, or generated tasks. The `train` pairs of every task train; the `test`
 * pairs of the tested subset are the test set, those of the others train too. The same options and files give the same data
 * set, byte for byte. How far it is, is shown where it takes longer than a second. It starts the backend, so that a model can be
 * made of it.
 *
 * @example
 * const data = await arc({ set: 'arc-1', dir: 'data/arc', augment: 1000, seed: 0 })
 * const small = await arc({ set: 'generated', train: 100, test: 50, board: 10, seed: 0 })
 * @throws UserError for wrong options, and with file and place for whatever is wrong in the files.
 */
export function arc(options?: ArcOptions): Promise<Dataset> {
  return withBackend(makeArc(options))
}

/** Data without a backend is still data: what then wants to compute says that there is none. */
async function withBackend(making: Promise<Dataset>): Promise<Dataset> {
  const data = await making
  await startBackend().catch(() => {})
  return data
}
