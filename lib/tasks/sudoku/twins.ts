import { indexBy, type Likeness, literally, type PuzzleIndex } from '../../data/puzzle-index.js'
import type { Puzzle } from '../../data/puzzles.js'
import type { Geometry } from './box.js'
import { canonicalForm } from './canonical.js'
import { twinInvariant } from './invariant.js'

/** Equivalence of puzzles: `literal` equality, or `twins` under any {@link canonicalForm symmetry}. */
export type Sameness = 'literal' | 'twins'

/**
 * Returns the equivalence for a grid. At 4×4 there are too few classes of twins to draw puzzles from, so that only
 * literal copies count as equal.
 */
export function samenessFor({ side }: Geometry): Sameness {
  return side === 4 ? 'literal' : 'twins'
}

/** Returns an equivalence as a cheap invariant, refined by the canonical form when invariants collide. */
export function likenessOf(grid: Geometry, sameness: Sameness): Likeness {
  if (sameness === 'literal') return literally
  return {
    key: ({ clues }) => twinInvariant(grid, clues),
    form: ({ clues, solution }) => canonicalForm(grid, clues, solution),
  }
}

/**
 * Returns an empty index of puzzles.
 *
 * @param get returns an added puzzle by its number
 */
export function puzzleIndex(grid: Geometry, sameness: Sameness, get: (number: number) => Puzzle): PuzzleIndex {
  return indexBy(likenessOf(grid, sameness), get)
}
