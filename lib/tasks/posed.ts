import { UserError } from '../errors.js'
import type { PuzzleSpec } from './task.js'

/** The verdict on an answer; null when it cannot be decided. */
export interface Verdict {
  readonly solved: boolean | null
  /** The reason, e.g. `every clue kept, every digit once in each row, column and box`. */
  readonly words: string
}

/** Whether a cell of an answer is known to be wrong. */
export type CellVerdict = 'none' | 'wrong'

/** A puzzle of any task, in the form that a model takes. */
export interface PosedPuzzle {
  /** Task and sizes that determine its appearance. */
  readonly spec: PuzzleSpec
  /** Name of its task or file; empty for a typed puzzle. */
  readonly name: string
  /** Name of its puzzle-embedding row; null when puzzles of the task share one. */
  readonly identifier: string | null
  /** `[seqLen]` tokens. */
  readonly input: Uint8Array
  /** `[seqLen]` tokens of the correct answer, or of one of several; null when none is known. */
  readonly answer: Uint8Array | null
  /** Assumptions made about it, one sentence each. */
  readonly notes: readonly string[]
  judge(predicted: ArrayLike<number>): Verdict
  /** Returns the verdict on each cell, `[seqLen]`. */
  marks(predicted: ArrayLike<number>): CellVerdict[]
  /** Returns an answer in the format of the task's files. */
  write(tokens: ArrayLike<number>): string | number[][]
}

/** The text of a puzzle, with its origin. */
export interface PuzzleText {
  readonly text: string
  /** The file, or `the puzzle` when it was typed. */
  readonly where: string
  /** File name without folder and extension; empty when it was typed. */
  readonly name: string
}

/** Selection of a puzzle within a file. */
export interface PuzzleChoice {
  /** Line of a file of puzzles, or test input of an ARC task, from 0. Default: the first. */
  readonly input?: number | undefined
  /** Name of the ARC task: selects one of several in a file, or names a single one. */
  readonly task?: string | undefined
}

/**
 * Selects a puzzle from a text with one per line, ignoring empty lines.
 *
 * @returns the trimmed line; its name and origin include the line number when there are several
 * @throws UserError (exit code 2) when the text has too few lines.
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

/** Rejects a task name for a puzzle that has none. @throws UserError (exit code 2) */
export function refuseTaskName({ task }: PuzzleChoice): void {
  if (task !== undefined) throw unused('task', task, 'only ARC tasks have names')
}

/** Rejects an input number for a text with a single puzzle. @throws UserError (exit code 2) */
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
