import type { Box } from './box.js'
import { geometry } from './box.js'

/** Padding token, and the stored label that the loss ignores. */
export const PAD = 0
/** Token of a blank cell; digit d is d + 1. */
export const BLANK = 1

/** Returns the vocabulary size: padding, blank and the digits. */
export function vocabularySize(box: Box): number {
  return geometry(box).side + 2
}

/** Converts digits (0 blank) to tokens, in a new array. */
export function toTokens(digits: Uint8Array): Uint8Array {
  return digits.map((digit) => digit + 1)
}

/** Converts tokens to digits (0 blank), in a new array; padding becomes 255, which is not a digit. */
export function toDigits(tokens: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(tokens, (token) => token - 1)
}

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

/**
 * Draws a puzzle or a solution as text, boxes set apart:
 *
 * ```text
 * 1 . | . 4
 * . 3 | . .
 * ----+----
 * . . | 2 .
 * ```
 */
export function drawSudoku(tokens: ArrayLike<number>, box: Box): string {
  const { side, boxRows, boxColumns } = geometry(box)
  const lines: string[] = []
  for (let row = 0; row < side; row++) {
    if (row > 0 && row % boxRows === 0) lines.push(rule(boxRows, boxColumns))
    const stacks: string[] = []
    for (let column = 0; column < side; column += boxColumns)
      stacks.push(Array.from({ length: boxColumns }, (_, i) => symbol(tokens[row * side + column + i])).join(' '))
    lines.push(stacks.join(' | '))
  }
  return lines.join('\n')
}

function rule(stacks: number, boxColumns: number): string {
  const inner = 2 * boxColumns - 1
  return Array.from({ length: stacks }, (_, i) => '-'.repeat(inner + (i === 0 || i === stacks - 1 ? 1 : 2))).join('+')
}

function symbol(token: number | undefined): string {
  if (token === undefined || token < BLANK) return '?'
  return token === BLANK ? '.' : String(token - 1)
}
