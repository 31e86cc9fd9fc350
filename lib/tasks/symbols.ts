import { UserError } from '../errors.js'
import type { PuzzleLook } from './look.js'
import {
  type CellVerdict,
  lineOfText,
  type PosedPuzzle,
  type PuzzleChoice,
  type PuzzleText,
  refuseTaskName,
} from './posed.js'
import type { Judge, PuzzleSpec } from './task.js'

/** Separator between a question and its answer on a line. */
const ANSWER_MARK = ':'

/**
 * Parses a puzzle in the symbols of its task: one row per line, or a puzzle per line as `question` or
 * `question:answer`. Symbols of several characters are separated by spaces.
 *
 * @param symbols symbols of tokens 1, 2, …
 * @throws UserError for a wrong length or symbol, and for an answer that the judge rejects.
 */
export function poseSymbols(
  spec: PuzzleSpec,
  symbols: readonly string[],
  look: PuzzleLook,
  judge: Judge | null,
  puzzle: PuzzleText,
  choice: PuzzleChoice,
): PosedPuzzle {
  refuseTaskName(choice)
  const whole = asOneLine(puzzle, symbols, look)
  const { text, where, name } = whole ?? lineOfText(puzzle, choice)
  const marked = symbols.includes(ANSWER_MARK) ? -1 : text.indexOf(ANSWER_MARK)
  const input = tokensOf(marked < 0 ? text : text.slice(0, marked), symbols, spec.seqLen, where, 'question')
  const answer = marked < 0 ? null : tokensOf(text.slice(marked + 1), symbols, spec.seqLen, where, 'answer')
  if (answer && judge && !judge(input, answer).valid)
    throw new UserError({ where, expected: 'an answer that the task’s judge accepts', found: text.slice(marked + 1) })
  const solved = (predicted: ArrayLike<number>): boolean | null =>
    judge ? judge(input, predicted).valid! : answer ? answer.every((token, cell) => token === predicted[cell]) : null
  return {
    spec,
    name,
    identifier: null,
    input,
    answer,
    notes: [],
    judge(predicted) {
      const right = solved(predicted)
      if (right === null) return { solved: null, words: 'the answer is unknown' }
      const by = judge ? 'the task’s judge' : 'the given answer'
      return { solved: right, words: right ? `correct according to ${by}` : `wrong according to ${by}` }
    },
    marks(predicted) {
      const right = solved(predicted)
      return Array.from(input, (given, cell): CellVerdict => {
        if (right !== false) return 'none'
        const kept = look.blank === null || given === look.blank || given === predicted[cell]
        return kept && (answer === null || answer[cell] === predicted[cell]) ? 'none' : 'wrong'
      })
    },
    write: (tokens) => written(tokens, symbols),
  }
}

/** Returns tokens as symbols; `?` for padding. */
export function written(tokens: ArrayLike<number>, symbols: readonly string[]): string {
  return Array.from(tokens, (token) => symbols[token - 1] ?? '?').join(separator(symbols))
}

function separator(symbols: readonly string[]): string {
  return symbols.every((symbol) => symbol.length === 1) ? '' : ' '
}

/** Joins a puzzle with one row per line into one line; null when the text has another form. */
function asOneLine(
  { text, where, name }: PuzzleText,
  symbols: readonly string[],
  { rows, columns }: PuzzleLook,
): PuzzleText | null {
  const lines = text.replace(/\n+$/, '').split('\n')
  if (lines.length === 1 || lines.length !== rows) return null
  if (lines.some((line) => cellsOf(line, symbols).length !== columns)) return null
  return { text: lines.join(separator(symbols)), where, name }
}

function cellsOf(line: string, symbols: readonly string[]): string[] {
  return separator(symbols) === '' ? [...line] : line.trim().split(/\s+/)
}

function tokensOf(
  text: string,
  symbols: readonly string[],
  seqLen: number,
  where: string,
  name: 'question' | 'answer',
): Uint8Array {
  const cells = cellsOf(text, symbols)
  if (cells.length !== seqLen)
    throw new UserError({ where, expected: `${name} with ${seqLen} cells`, found: String(cells.length) })
  return Uint8Array.from(cells, (cell, at) => {
    const token = symbols.indexOf(cell) + 1
    if (token > 0) return token
    throw new UserError({
      where,
      expected: `one of ${symbols.join(', ')} in ${name} at cell ${at + 1}`,
      found: JSON.stringify(cell),
    })
  })
}
