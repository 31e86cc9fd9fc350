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
