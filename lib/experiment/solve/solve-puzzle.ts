import { UserError } from '../../errors.js'
import { readBytes } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import type { Drawable, Mark } from '../../plot/puzzle-board.js'

/** Whether an answer is right; null where nobody knows. */
export interface Verdict {
  readonly solved: boolean | null
  /** The reason, e.g. `every clue kept, every digit once in each row, column and box`. */
  readonly words: string
}

/** A puzzle of any task, ready to be given to a model. */
export interface PosedPuzzle {
  /** How it is drawn. */
  readonly drawable: Drawable
  /** Its task's or file's name; empty for one that was typed in. */
  readonly name: string
  /** `[seqLen]` tokens. */
  readonly input: Uint8Array
  /** `[seqLen]` tokens of the right answer, or of one of several; null where it is not known. */
  readonly answer: Uint8Array | null
  /** What was assumed about it, one sentence each. */
  readonly notes: readonly string[]
  judge(predicted: ArrayLike<number>): Verdict
  /** `[seqLen]` `wrong` where a prediction is known to be, else `none`. */
  marks(predicted: ArrayLike<number>): Mark[]
  /** An answer as the task's files write it. */
  write(tokens: ArrayLike<number>): string | number[][]
}

/** What a puzzle was written as, and where. */
export interface PuzzleText {
  readonly text: string
  /** The file, or `the puzzle` when it was typed in. */
  readonly where: string
  /** The file's name without folder and ending; empty when it was typed in. */
  readonly name: string
}

/** More is no puzzle: all of ARC's tasks in one file are 4 MB. */
const LARGEST_FILE = 2 ** 26

/**
 * The text of a puzzle: of a file where there is one of that name, else the words themselves.
 *
 * @throws UserError when the words look like a file that is not there, or the file cannot be read.
 */
export function puzzleText(puzzle: string): PuzzleText {
  if (fs.existsSync(puzzle)) {
    if (fs.statSync(puzzle).isDirectory())
      throw new UserError({ where: puzzle, expected: 'a file with a puzzle', found: 'a folder' })
    const { size } = fs.statSync(puzzle)
    if (size > LARGEST_FILE)
      throw new UserError({
        where: puzzle,
        expected: 'a file of at most 64 MB',
        found: `${Math.ceil(size / 2 ** 20)} MB`,
      })
    const text = readBytes(puzzle)
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .replaceAll('\r\n', '\n')
    if (text.trim() === '') throw new UserError({ where: puzzle, expected: 'a puzzle', found: 'an empty file' })
    return { text, where: puzzle, name: /([^/\\]*?)(?:\.\w+)?$/.exec(puzzle)![1]! }
  }
  if (/[/\\]|\.(json|txt|csv)$/i.test(puzzle) && !puzzle.trimStart().startsWith('{'))
    throw new UserError({ where: puzzle, expected: 'a file with a puzzle', found: 'no such file' })
  return { text: puzzle, where: 'the puzzle', name: '' }
}
