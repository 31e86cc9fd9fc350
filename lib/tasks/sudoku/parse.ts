import { UserError } from '../../errors.js'
import type { Geometry } from './box.js'
import { isSolvedGrid } from './rules.js'
import { solverFor } from './solver.js'

/** Parses a puzzle, `[cells]` digits; `.` or `0` is blank. @throws UserError for another length or character. */
export function parseClues(grid: Geometry, text: string, where: string): Uint8Array {
  return parseDigits(grid, text, where, 'question', true)
}

/**
 * Parses an answer and checks it against its question.
 *
 * @throws UserError when it is not a full grid, violates Sudoku's rule, or changes a clue.
 */
export function parseAnswer(grid: Geometry, text: string, clues: Uint8Array, where: string): Uint8Array {
  const answer = parseDigits(grid, text, where, 'answer', false)
  for (let cell = 0; cell < grid.cells; cell++)
    if (clues[cell] !== 0 && clues[cell] !== answer[cell])
      throw new UserError({
        where,
        expected: `an answer that keeps the question's ${clues[cell]} in ${place(grid, cell)}`,
        found: String(answer[cell]),
      })
  if (!isSolvedGrid(answer, grid.box))
    throw new UserError({
      where,
      expected: 'an answer with every digit once in each row, column and box',
      found: text,
    })
  return answer
}

/**
 * Solves a puzzle that must have exactly one solution.
 *
 * @param answer the expected solution, when known
 * @returns the solution, and the backtracks needed to prove it unique
 */
export function solveUnique(
  grid: Geometry,
  clues: Uint8Array,
  where: string,
  answer: Uint8Array | null = null,
): { solution: Uint8Array; backtracks: number } {
  const { solutions, solution, backtracks } = solverFor(grid.box).solve(clues)
  if (solution === null || solutions !== 1)
    throw new UserError({
      where,
      expected: 'a puzzle with exactly one solution',
      found: solutions === 0 ? 'one without a solution' : 'one with several',
      todo: 'Correct or remove the line.',
    })
  if (answer && !answer.every((digit, cell) => digit === solution[cell]))
    throw new UserError({ where, expected: `the answer ${solution.join('')}`, found: answer.join('') })
  return { solution, backtracks }
}

function parseDigits(
  grid: Geometry,
  text: string,
  where: string,
  name: 'question' | 'answer',
  blanks: boolean,
): Uint8Array {
  const { side, cells } = grid
  if (text.length !== cells)
    throw new UserError({
      where,
      expected: `${name} with ${cells} characters`,
      found: `${text.length}${text.length > 0 && text.length <= 200 ? ` (${JSON.stringify(text)})` : ''}`,
      ...(boxHint(text.length) ? { todo: `${text.length} would fit box=${boxHint(text.length)}.` } : {}),
    })
  const digits = new Uint8Array(cells)
  for (let cell = 0; cell < cells; cell++) {
    const code = text.charCodeAt(cell)
    const digit = code === 46 ? 0 : code - 48
    if (digit >= (blanks ? 0 : 1) && digit <= side) digits[cell] = digit
    else
      throw new UserError({
        where,
        expected: `1…${side}${blanks ? ', or . or 0 for a blank,' : ''} in ${name} at character ${cell + 1}`,
        found: JSON.stringify(String.fromCodePoint(text.codePointAt(cell)!)),
      })
  }
  return digits
}

function boxHint(length: number): string | undefined {
  return { 16: '2x2', 36: '2x3', 81: '3x3' }[length]
}

function place({ side }: Geometry, cell: number): string {
  return `row ${Math.floor(cell / side) + 1}, column ${(cell % side) + 1}`
}
