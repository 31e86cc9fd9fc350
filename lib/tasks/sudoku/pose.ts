import { UserError } from '../../errors.js'
import {
  type CellVerdict,
  lineOfText,
  type PosedPuzzle,
  type PuzzleChoice,
  type PuzzleText,
  refuseTaskName,
} from '../posed.js'
import type { PuzzleSpec } from '../task.js'
import { type Box, type Geometry, geometry } from './box.js'
import { parseAnswer, parseClues } from './parse.js'
import { isSolution } from './rules.js'
import { solverFor } from './solver.js'
import { BLANK, toTokens } from './tokens.js'

/**
 * Parses a Sudoku, `question` or `question:answer` on one line (`.` or `0` blank).
 *
 * @throws UserError for another length or character, an incorrect answer, and a puzzle without a solution.
 */
export function poseSudoku(spec: PuzzleSpec, box: Box, puzzle: PuzzleText, choice: PuzzleChoice): PosedPuzzle {
  refuseTaskName(choice)
  const grid = geometry(box)
  const { text, where: place, name } = lineOfText(puzzle, choice)
  const [question = '', answerText] = text.split(':')
  if (question.length !== grid.cells)
    throw new UserError({
      where: place,
      expected: `a Sudoku of ${grid.cells} cells (${grid.side}×${grid.side}), the size that the model takes`,
      found: `${question.length} characters`,
    })
  const clues = parseClues(grid, question, place)
  const { solutions, solution } = solverFor(box).solve(clues)
  if (solution === null)
    throw new UserError({ where: place, expected: 'a Sudoku with a solution', found: 'one without' })
  const input = toTokens(clues)
  const answer = answerText === undefined ? solution : parseAnswer(grid, answerText, clues, place)
  const unique = solutions === 1
  return {
    spec,
    name,
    identifier: null,
    input,
    answer: toTokens(answer),
    notes: unique ? [] : ['the puzzle has several solutions: cells that contradict a clue or another digit are marked'],
    judge(predicted) {
      if (isSolution(input, predicted, box))
        return { solved: true, words: 'every clue is kept, and every digit once in each row, column and box' }
      const wrong = conflicts(grid, input, predicted).filter((mark) => mark === 'wrong').length
      return { solved: false, words: wrong > 0 ? `${wrong} cells contradict the rules` : 'not every cell is filled' }
    },
    marks(predicted) {
      if (!unique) return conflicts(grid, input, predicted)
      return Array.from(solution, (digit, cell) => (digit + 1 === predicted[cell] ? 'none' : 'wrong'))
    },
    write: (tokens) => Array.from(tokens, (token) => (token > BLANK ? String(token - 1) : '.')).join(''),
  }
}

/** Marks cells that change a clue, or share a row, column or box with the same digit; blanks are not conflicts. */
function conflicts({ side, cells, boxOf }: Geometry, input: Uint8Array, predicted: ArrayLike<number>): CellVerdict[] {
  const sees = (a: number, b: number): boolean =>
    Math.floor(a / side) === Math.floor(b / side) || a % side === b % side || boxOf[a] === boxOf[b]
  return Array.from({ length: cells }, (_, cell): CellVerdict => {
    const token = predicted[cell]!
    if (input[cell]! > BLANK && token !== input[cell]) return 'wrong'
    if (token <= BLANK) return 'none'
    for (let other = 0; other < cells; other++)
      if (other !== cell && predicted[other] === token && sees(cell, other)) return 'wrong'
    return 'none'
  })
}
