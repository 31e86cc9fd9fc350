import { keyTable } from './key-table.js'
import type { Puzzle } from './puzzles.js'
import { mix } from './streams.js'

/** Puzzles met so far. */
export interface PuzzleIndex {
  /** The number of an earlier puzzle that is the same, or -1. */
  find(puzzle: Puzzle): number
  /** Adds a puzzle under a number by which `get` finds it again. */
  add(puzzle: Puzzle, number: number): void
  /** The same as `find`; when there is none, the puzzle is added. */
  findOrAdd(puzzle: Puzzle, number: number): number
}

/** Which puzzles are the same: those whose forms are equal. */
export interface Likeness {
  /** A 32-bit number that is cheap to tell, the same for puzzles that are the same. */
  key(puzzle: Puzzle): number
  /** What puzzles have in common exactly when they are the same; asked for only where keys agree. */
  form(puzzle: Puzzle): string
}

/** Puzzles are the same when they ask the same. */
export const literally: Likeness = {
  key: ({ clues }) => bytesHash(clues),
  form: ({ clues }) => latin1(clues),
}

/**
 * An index that tells whether a puzzle was met before.
 *
 * @param get a puzzle that was added, by its number
 */
export function indexBy({ key, form }: Likeness, get: (number: number) => Puzzle): PuzzleIndex {
  const table = keyTable()
  const forms = new Map<number, string>()
  /** Forms are worked out only where keys collide, and then kept. */
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

/** Bytes as a string of as many characters, to be compared and kept. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** A 32-bit hash (FNV-1a with murmur3's finaliser). */
export function bytesHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return mix(hash)
}
