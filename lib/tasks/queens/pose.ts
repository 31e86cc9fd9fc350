import { UserError } from '../../errors.js'
import type { PuzzleLook } from '../look.js'
import type { PosedPuzzle, PuzzleChoice, PuzzleText } from '../posed.js'
import { poseSymbols } from '../symbols.js'
import type { PuzzleSpec } from '../task.js'
import { attackers, type QueensFault, queensFault } from './rules.js'
import { completions, toPlacement, toTokens } from './solutions.js'
import { QUEEN, SYMBOLS } from './tokens.js'

/**
 * Parses a board with some queens: one row per line, or `question` or `question:answer` on one line; `.` empty, `Q` a
 * queen.
 *
 * @param size side of the boards that the model takes
 * @throws UserError for another size or symbol, an incorrect answer, and given queens without a completion.
 */
export function poseQueens(
  spec: PuzzleSpec,
  size: number,
  look: PuzzleLook,
  text: PuzzleText,
  choice: PuzzleChoice,
): PosedPuzzle {
  const judge = (question: ArrayLike<number>, answer: ArrayLike<number>): { valid: boolean } => ({
    valid: queensFault(question, answer, size) === null,
  })
  const posed = poseSymbols(spec, SYMBOLS, look, judge, text, choice)
  const { input } = posed
  const given = toPlacement(input, size)
  const answers = given ? completions(size, given) : []
  if (answers[0] === undefined)
    throw new UserError({
      where: text.where,
      expected: `queens that can be completed to ${size}, no two of which attack each other`,
      found: 'queens without a completion',
    })
  const count = answers.length === 1 ? 'the only completion' : `one of ${answers.length} completions`
  return {
    ...posed,
    answer: posed.answer ?? toTokens(answers[0]),
    judge(predicted) {
      const fault = queensFault(input, predicted, size)
      if (fault) return { solved: false, words: faultWords(fault, size) }
      return { solved: true, words: `every given queen kept, ${size} queens and no two attack each other: ${count}` }
    },
    marks(predicted) {
      const attacking = attackers(predicted, size)
      return Array.from(input, (token, cell) =>
        attacking[cell] || (token === QUEEN && predicted[cell] !== QUEEN) ? 'wrong' : 'none',
      )
    },
  }
}

function faultWords(fault: QueensFault, size: number): string {
  const place = (cell: number): string => `row ${Math.floor(cell / size) + 1}, column ${(cell % size) + 1}`
  switch (fault.kind) {
    case 'removed':
      return `the given queen in ${place(fault.cell)} is missing`
    case 'padding':
      return `the cell in ${place(fault.cell)} is neither empty nor a queen`
    case 'attack':
      return `the queens in ${place(fault.cells[0])} and ${place(fault.cells[1])} attack each other`
    case 'count':
      return `${fault.queens} queens instead of ${size}`
  }
}
