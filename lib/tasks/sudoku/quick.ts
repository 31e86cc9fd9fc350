import type { PuzzleFormat } from '../../data/puzzle-csv.js'
import type { Geometry } from './box.js'

const [DOT, ZERO] = [46, 48]

/**
 * Returns a parser that reads a question and its answer from bytes and checks both in one pass: every digit once in
 * each row, column and box of the answer, every clue kept.
 */
export function quickParser({ side, cells, boxOf }: Geometry): PuzzleFormat['quick'] {
  const all = (2 << side) - 2
  const rowOf = Uint8Array.from({ length: cells }, (_, cell) => Math.floor(cell / side))
  const columnOf = Uint8Array.from({ length: cells }, (_, cell) => side + (cell % side))
  const boxPlace = boxOf.map((box) => 2 * side + box)
  const seen = new Int32Array(3 * side)
  return (bytes, question, answer, clues, solution) => {
    seen.fill(0)
    for (let cell = 0; cell < cells; cell++) {
      const digit = bytes[answer + cell]! - ZERO
      const given = bytes[question + cell]!
      const clue = given === DOT ? 0 : given - ZERO
      if (!(digit >= 1 && digit <= side) || (clue !== 0 && clue !== digit)) return false
      const bit = 1 << digit
      seen[rowOf[cell]!]! |= bit
      seen[columnOf[cell]!]! |= bit
      seen[boxPlace[cell]!]! |= bit
      clues[cell] = clue
      solution[cell] = digit
    }
    // A unit has as many cells as digits, so that no digit repeats when all occur.
    for (let unit = 0; unit < seen.length; unit++) if (seen[unit] !== all) return false
    return true
  }
}
