import { indexBy, type Likeness, literally, type PuzzleIndex } from '../../data/puzzle-index.js'
import type { Puzzle } from '../../data/puzzles.js'
import type { Geometry } from './box.js'
import { canonicalForm } from './canonical.js'
import { twinInvariant } from './invariant.js'

/** Which puzzles count as the same: `literal` ones, or `twins` under any {@link canonicalForm symmetry}. */
export type Sameness = 'literal' | 'twins'

/** At 4×4 there are too few classes of twins to draw puzzles from, so there only literal copies are kept apart. */
export function samenessFor({ side }: Geometry): Sameness {
  return side === 4 ? 'literal' : 'twins'
}

/** How puzzles that are the same are told: a cheap invariant first, and where it collides the canonical form. */
export function likenessOf(grid: Geometry, sameness: Sameness): Likeness {
  if (sameness === 'literal') return literally
  return {
    key: ({ clues }) => twinInvariant(grid, clues),
    form: ({ clues, solution }) => canonicalForm(grid, clues, solution),
  }
}

/**
 * An index that tells whether a puzzle was met before.
 *
 * @param get a puzzle that was added, by its number
 */
export function puzzleIndex(grid: Geometry, sameness: Sameness, get: (number: number) => Puzzle): PuzzleIndex {
  return indexBy(likenessOf(grid, sameness), get)
}
