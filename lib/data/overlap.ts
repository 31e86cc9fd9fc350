import type { Dataset } from './dataset.js'
import { geometry } from './sudoku/box.js'
import { type Overlap, overlap } from './sudoku/overlap.js'
import { sudokuBox } from './tasks.js'

/**
 * How many test puzzles are training puzzles, and how many are relabelled or permuted twins of one: what the
 * augmentation can turn into a test puzzle.
 */
export function splitOverlap({ manifest, train, test }: Dataset): Overlap {
  return overlap(geometry(sudokuBox(manifest)), train, test)
}
