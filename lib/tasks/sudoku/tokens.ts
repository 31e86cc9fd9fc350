import type { Box } from './box.js'
import { geometry } from './box.js'

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
