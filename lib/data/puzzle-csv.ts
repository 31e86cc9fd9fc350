import { UserError } from '../errors.js'
import { type CsvRecord, lineOf, readRecords } from './csv.js'
import type { Puzzle } from './puzzles.js'

/** Columns of the published CSV files, Sudoku-Extreme's and Maze-Hard's. */
const HEADER = ['source', 'question', 'answer', 'rating']

/** What a task makes of a question and its answer. */
export interface PuzzleFormat {
  readonly cells: number
  /**
   * Reads and checks both into `clues` and `solution`, as bytes and without allocating anything.
   *
   * @returns false when something is wrong, or only {@link PuzzleFormat.exact} can tell
   */
  quick(bytes: Uint8Array, question: number, answer: number, clues: Uint8Array, solution: Uint8Array): boolean
  /** The same from texts. @throws UserError that says what is wrong. */
  exact(question: string, answer: string, where: string): Pick<Puzzle, 'clues' | 'solution'>
}

/**
 * Reads a CSV file with the header `source,question,answer,rating` and hands over its puzzles one by one, each valid
 * only during the call. See {@link readRecords} for what is accepted.
 *
 * @returns SHA-256 of the file
 * @throws UserError with file and line for another header, ragged rows, bad ratings, and what the format refuses.
 */
export async function readPuzzleCsv(
  file: string,
  format: PuzzleFormat,
  accept: (puzzle: Puzzle) => void,
): Promise<string> {
  const { cells } = format
  const puzzle = { clues: new Uint8Array(cells), solution: new Uint8Array(cells), rating: 0, line: 0 }
  let header = false
  let count = 0
  const sha256 = await readRecords(file, { delimiter: ',', quotes: true }, (record) => {
    if (!header) {
      checkHeader(record, file)
      header = true
      return
    }
    count++
    const { bytes, starts, ends } = record
    puzzle.line = record.line
    puzzle.rating = record.count === 4 ? shortNumber(bytes, starts[3]!, ends[3]!) : -1
    const sized = ends[1]! - starts[1]! === cells && ends[2]! - starts[2]! === cells
    if (puzzle.rating >= 0 && sized && format.quick(bytes, starts[1]!, starts[2]!, puzzle.clues, puzzle.solution))
      accept(puzzle)
    else accept(exactRow(record, file, format))
  })
  if (count === 0)
    throw new UserError({
      where: file,
      expected: `the header ${HEADER.join(',')} and puzzles`,
      found: header ? 'the header alone' : 'an empty file',
    })
  return sha256
}

function exactRow(record: CsvRecord, file: string, format: PuzzleFormat): Puzzle {
  const where = lineOf(file, record.line)
  if (record.count !== HEADER.length)
    throw new UserError({
      where,
      expected: `${HEADER.length} fields (${HEADER.join(',')})`,
      found: String(record.count),
    })
  const text = record.text(3)
  const rating = text.trim() === '' ? Number.NaN : Number(text)
  if (!(rating >= 0) || rating === Number.POSITIVE_INFINITY)
    throw new UserError({ where, expected: 'a rating of 0 or more', found: JSON.stringify(shorten(text)) })
  return { ...format.exact(record.text(1), record.text(2), where), rating, line: record.line }
}

/** A whole number of up to 15 digits; -1 for anything else. */
function shortNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 15) return -1
  let number = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
  }
  return number
}

function checkHeader(record: CsvRecord, file: string): void {
  if (record.count === HEADER.length && HEADER.every((name, i) => record.text(i) === name)) return
  const raw = record.raw()
  const macintosh = raw.includes('\r')
  throw new UserError({
    where: lineOf(file, record.line),
    expected: macintosh ? 'lines that end in \\n or \\r\\n' : `the header ${HEADER.join(',')}`,
    found: macintosh ? 'a lone \\r' : visible(shorten(raw)),
    todo: macintosh ? 'Save the file with other line ends.' : 'For a plain list of Sudokus use list=FILE.',
  })
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

/** Text with its control characters written out. */
function visible(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
}
