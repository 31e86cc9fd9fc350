import { UserError } from '../../errors.js'
import type { Mark } from '../../plot/puzzle-board.js'
import { type Box, type Geometry, geometry } from '../../tasks/sudoku/box.js'
import { parseAnswer, parseClues } from '../../tasks/sudoku/parse.js'
import { solverFor } from '../../tasks/sudoku/solver.js'
import { BLANK, isSolution, toTokens, vocabularySize } from '../../tasks/sudoku/tokens.js'
import type { PosedPuzzle, PuzzleText } from './solve-puzzle.js'

/**
 * A Sudoku, written as `question` or `question:answer` on a line (`.` or `0` blank).
 *
 * @param line which line of a file, from 0
 * @throws UserError for another length or character, a wrong answer, and a puzzle without a solution.
 */
export function poseSudoku({ text, where, name }: PuzzleText, box: Box, line: number): PosedPuzzle {
  const grid = geometry(box)
  const lines = text.split('\n').map((each) => each.trim())
  const filled = lines.flatMap((each, i) => (each === '' ? [] : [{ text: each, number: i + 1 }]))
  const chosen = filled[line]
  if (!chosen)
    throw new UserError({
      where: `key input`,
      expected: `0…${filled.length - 1}, the puzzles of ${where}`,
      found: String(line),
      exitCode: 2,
    })
  const place = filled.length > 1 ? `${where}, line ${chosen.number}` : where
  const [question = '', answerText] = chosen.text.split(':')
  if (question.length !== grid.cells)
    throw new UserError({
      where: place,
      expected: `a Sudoku of ${grid.cells} cells (${grid.side}×${grid.side}), as the model is for`,
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
    drawable: { task: 'sudoku', seqLen: grid.cells, options: { box: box.join('x') }, vocabSize: vocabularySize(box) },
    name: filled.length > 1 ? `${name} line ${chosen.number}` : name,
    input,
    answer: toTokens(answer),
    notes: unique ? [] : ['the puzzle has several solutions: marked is what contradicts a clue or another digit'],
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

/** Cells that change a clue, or share a row, column or box with the same digit; blanks are no conflict. */
function conflicts({ side, cells, boxOf }: Geometry, input: Uint8Array, predicted: ArrayLike<number>): Mark[] {
  const sees = (a: number, b: number): boolean =>
    Math.floor(a / side) === Math.floor(b / side) || a % side === b % side || boxOf[a] === boxOf[b]
  return Array.from({ length: cells }, (_, cell): Mark => {
    const token = predicted[cell]!
    if (input[cell]! > BLANK && token !== input[cell]) return 'wrong'
    if (token <= BLANK) return 'none'
    for (let other = 0; other < cells; other++)
      if (other !== cell && predicted[other] === token && sees(cell, other)) return 'wrong'
    return 'none'
  })
}
