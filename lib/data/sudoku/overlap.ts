import type { Split } from '../dataset.js'
import type { Geometry } from './box.js'
import type { Puzzle } from './puzzles.js'
import { puzzleIndex, type Sameness } from './twins.js'

/** How many test puzzles occur in training, too. */
export interface Overlap {
  /** Literally. */
  readonly literal: number
  /** Relabelled or permuted, the literal ones included. */
  readonly twins: number
}

/** Counts the test puzzles that are in training, by comparing all of them. */
export function overlap(grid: Geometry, train: Split, test: Split): Overlap {
  return { literal: countSame(grid, train, test, 'literal'), twins: countSame(grid, train, test, 'twins') }
}

function countSame(grid: Geometry, train: Split, test: Split, sameness: Sameness): number {
  const index = puzzleIndex(grid, sameness, (number) => puzzleOf(grid, train, number))
  for (let i = 0; i < train.count; i++) index.add(puzzleOf(grid, train, i), i)
  let count = 0
  for (let i = 0; i < test.count; i++) if (index.find(puzzleOf(grid, test, i)) >= 0) count++
  return count
}

/** A stored puzzle as digits again. */
function puzzleOf({ cells }: Geometry, split: Split, i: number): Puzzle {
  const digits = (tokens: Uint8Array): Uint8Array =>
    tokens.subarray(i * cells, (i + 1) * cells).map((token) => token - 1)
  return { clues: digits(split.inputs), solution: digits(split.labels), rating: split.ratings[i]!, line: 0 }
}
