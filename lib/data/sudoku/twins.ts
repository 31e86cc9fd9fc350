import { mix } from '../streams.js'
import type { Geometry } from './box.js'
import { canonicalForm } from './canonical.js'
import { twinInvariant } from './invariant.js'
import type { Puzzle } from './puzzles.js'

/** Which puzzles count as the same: `literal` ones, or `twins` under any {@link canonicalForm symmetry}. */
export type Sameness = 'literal' | 'twins'

/** At 4×4 there are too few classes of twins to draw puzzles from, so there only literal copies are kept apart. */
export function samenessFor({ side }: Geometry): Sameness {
  return side === 4 ? 'literal' : 'twins'
}

/** Puzzles met so far. */
export interface PuzzleIndex {
  /** The number of an earlier puzzle that is the same, or -1. */
  find(puzzle: Puzzle): number
  /** Adds a puzzle under a number by which `get` finds it again. */
  add(puzzle: Puzzle, number: number): void
}

/**
 * An index that tells whether a puzzle was met before: a cheap invariant first, and where it collides the canonical
 * form (or, for `literal`, the digits themselves).
 *
 * @param get a puzzle that was added, by its number
 */
export function puzzleIndex(grid: Geometry, sameness: Sameness, get: (number: number) => Puzzle): PuzzleIndex {
  const byKey = new Map<number, number[]>()
  const forms = new Map<number, string>()
  const keyOf = ({ clues }: Puzzle): number => (sameness === 'twins' ? twinInvariant(grid, clues) : digitsHash(clues))
  const formOf = ({ clues, solution }: Puzzle): string =>
    sameness === 'twins' ? canonicalForm(grid, clues, solution) : clues.join('')
  /** Forms are worked out only where keys collide, and then kept. */
  const knownForm = (number: number): string => {
    const form = forms.get(number) ?? formOf(get(number))
    forms.set(number, form)
    return form
  }
  return {
    find(puzzle) {
      const met = byKey.get(keyOf(puzzle))
      if (met === undefined) return -1
      const form = formOf(puzzle)
      return met.find((number) => knownForm(number) === form) ?? -1
    },
    add(puzzle, number) {
      const key = keyOf(puzzle)
      const met = byKey.get(key)
      if (met === undefined) byKey.set(key, [number])
      else met.push(number)
    },
  }
}

function digitsHash(digits: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < digits.length; i++) hash = Math.imul(hash ^ digits[i]!, 0x01000193)
  return mix(hash)
}
