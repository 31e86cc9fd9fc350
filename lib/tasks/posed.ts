import { UserError } from '../errors.js'
import type { PuzzleSpec } from './task.js'

/** Whether an answer is right; null where nobody knows. */
export interface Verdict {
  readonly solved: boolean | null
  /** The reason, e.g. `every clue kept, every digit once in each row, column and box`. */
  readonly words: string
}

/** Whether a cell of an answer is known to be wrong. */
export type CellVerdict = 'none' | 'wrong'

/** A puzzle of any task, ready to be given to a model. */
export interface PosedPuzzle {
  /** How it is drawn. */
  readonly spec: PuzzleSpec
  /** The name of its task or file; empty for a puzzle that was typed in. */
  readonly name: string
  /** The name of its row of the puzzle embedding; null where the task's puzzles have none of their own. */
  readonly identifier: string | null
  /** `[seqLen]` tokens. */
  readonly input: Uint8Array
  /** `[seqLen]` tokens of the right answer, or of one of several; null where none is known. */
  readonly answer: Uint8Array | null
  /** What was assumed about it, one sentence each. */
  readonly notes: readonly string[]
  judge(predicted: ArrayLike<number>): Verdict
  /** `[seqLen]` */
  marks(predicted: ArrayLike<number>): CellVerdict[]
  /** An answer as the task's files write it. */
  write(tokens: ArrayLike<number>): string | number[][]
}

/** The text of a puzzle, and where it is from. */
export interface PuzzleText {
  readonly text: string
  /** The file, or `the puzzle` when it was typed in. */
  readonly where: string
  /** The file's name without folder and ending; empty when it was typed in. */
  readonly name: string
}

/** Which puzzle of a file is meant. */
export interface PuzzleChoice {
  /** Line of a file of puzzles, or test input of an ARC task, from 0; undefined: the first. */
  readonly input?: number | undefined
  /** Name of the ARC task: the one of a file with several, or the name of a single one. */
  readonly task?: string | undefined
}

/**
 * One of the puzzles of a text that has one a line; empty lines are passed over.
 *
 * @returns the line without the spaces around it; its name and place tell its number where there are several
 * @throws UserError (exit code 2) when there are not as many.
 */
export function lineOfText({ text, where, name }: PuzzleText, { input = 0 }: PuzzleChoice): PuzzleText {
  const lines = text.split('\n').map((each) => each.trim())
  const filled = lines.flatMap((each, i) => (each === '' ? [] : [{ text: each, number: i + 1 }]))
  const chosen = filled[input]
  if (!chosen)
    throw new UserError({
      where: 'key input',
      expected: `0…${filled.length - 1}, the puzzles of ${where}`,
      found: String(input),
      exitCode: 2,
    })
  if (filled.length === 1) return { text: chosen.text, where, name }
  return { text: chosen.text, where: `${where}, line ${chosen.number}`, name: `${name} line ${chosen.number}` }
}

/** @throws UserError (exit code 2) when a task's name is given for a puzzle that has none. */
export function refuseTaskName({ task }: PuzzleChoice): void {
  if (task !== undefined) throw unused('task', task, 'only ARC’s tasks have names')
}

/** @throws UserError (exit code 2) when one of several puzzles is meant where a text holds one. */
export function refuseInput({ input }: PuzzleChoice, why: string): void {
  if (input) throw unused('input', String(input), why)
}

function unused(option: string, found: string, why: string): UserError {
  return new UserError({
    where: option,
    expected: `nothing, as it would have no effect: ${why}`,
    found,
    todo: 'Leave it out.',
    exitCode: 2,
  })
}
