import { UserError } from '../../errors.js'
import { readBytes } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import type { PuzzleText } from '../../tasks/posed.js'

/** Maximum size of a puzzle file: all of ARC's tasks in one file are 4 MB. */
const LARGEST_FILE = 2 ** 26

/**
 * Returns the text of a puzzle: the content of the file of that name if it exists, else the argument itself.
 *
 * @throws UserError if the argument looks like a missing file, or the file cannot be read.
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
