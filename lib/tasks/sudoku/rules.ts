import { type Box, geometry } from './box.js'
import { BLANK } from './tokens.js'

/**
 * Returns whether a prediction solves a puzzle: every clue kept, every digit once in each row, column and box. It uses
 * no stored answer, and so accepts every solution of a puzzle with several.
 *
 * @param input `[cells]` tokens of the puzzle
 * @param predicted `[cells]` tokens
 */
export function isSolution(input: ArrayLike<number>, predicted: ArrayLike<number>, box: Box): boolean {
  const { cells } = geometry(box)
  for (let cell = 0; cell < cells; cell++) if (input[cell]! > BLANK && input[cell] !== predicted[cell]) return false
  return isSolvedGrid(
    Array.from({ length: cells }, (_, cell) => predicted[cell]! - 1),
    box,
  )
}

/** Returns whether digits 1…side fill a grid, each once in every row, column and box. */
export function isSolvedGrid(digits: ArrayLike<number>, box: Box): boolean {
  const { side, cells, boxOf } = geometry(box)
  const seen = new Int32Array(3 * side)
  for (let cell = 0; cell < cells; cell++) {
    const digit = digits[cell]
    if (digit === undefined || !(digit >= 1 && digit <= side)) return false
    const bit = 1 << digit
    const row = Math.floor(cell / side)
    const column = side + (cell % side)
    const inBox = 2 * side + boxOf[cell]!
    if ((seen[row]! | seen[column]! | seen[inBox]!) & bit) return false
    seen[row]! |= bit
    seen[column]! |= bit
    seen[inBox]! |= bit
  }
  return true
}
