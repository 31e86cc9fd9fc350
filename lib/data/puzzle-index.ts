import { keyTable } from './key-table.js'
import type { Puzzle } from './puzzles.js'
import { mix } from './streams.js'

/** An index of puzzles seen so far. */
export interface PuzzleIndex {
  /** Returns the number of an earlier equivalent puzzle, or -1. */
  find(puzzle: Puzzle): number
  /** Adds a puzzle under the number by which `get` retrieves it. */
  add(puzzle: Puzzle, number: number): void
  /** Returns the number of an earlier equivalent puzzle; when there is none, adds the puzzle and returns -1. */
  findOrAdd(puzzle: Puzzle, number: number): number
}

/** An equivalence of puzzles: two are equivalent when their forms are equal. */
export interface Likeness {
  /** Returns a cheap 32-bit hash, equal for equivalent puzzles. */
  key(puzzle: Puzzle): number
  /** Returns the canonical form, equal exactly for equivalent puzzles; computed only when keys collide. */
  form(puzzle: Puzzle): string
}

/** Puzzles are equivalent when their clues are equal. */
export const literally: Likeness = {
  key: ({ clues }) => bytesHash(clues),
  form: ({ clues }) => latin1(clues),
}

/**
 * Returns an empty index of puzzles under an equivalence.
 *
 * @param get returns an added puzzle by its number
 */
export function indexBy({ key, form }: Likeness, get: (number: number) => Puzzle): PuzzleIndex {
  const table = keyTable()
  const forms = new Map<number, string>()
  // Forms are computed only when keys collide, and cached.
  const knownForm = (number: number): string => {
    const known = forms.get(number) ?? form(get(number))
    forms.set(number, known)
    return known
  }
  const findUnder = (at: number, puzzle: Puzzle): number => {
    let own: string | undefined
    return table.find(at, (number) => {
      own ??= form(puzzle)
      return knownForm(number) === own
    })
  }
  return {
    find: (puzzle) => findUnder(key(puzzle), puzzle),
    add: (puzzle, number) => table.add(key(puzzle), number),
    findOrAdd(puzzle, number) {
      const at = key(puzzle)
      const found = findUnder(at, puzzle)
      if (found < 0) table.add(at, number)
      return found
    },
  }
}

/** Returns bytes as a string with one character per byte, for comparison and storage. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Returns a 32-bit hash (FNV-1a with murmur3's finaliser). */
export function bytesHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return mix(hash)
}
