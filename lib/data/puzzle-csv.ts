import { UserError } from '../errors.js'
import { type CsvRecord, lineOf, readRecords } from './csv.js'
import { type PuzzleColumns, puzzleColumns, shorten } from './puzzle-header.js'

/** A puzzle of a file; valid only during the callback. */
export interface PuzzleRow {
  /** `[cells]` clues. */
  readonly clues: Uint8Array
  /** `[cells]` the answer, checked and consistent with the clues; null when the file gives none. */
  readonly answer: Uint8Array | null
  /** Rating in the file; 0 when it has answers without ratings, null when it has puzzles alone. */
  readonly rating: number | null
  readonly line: number
}

/** Parser of a task's questions and answers. */
export interface PuzzleFormat {
  readonly cells: number
  /** Whether the file must give answers. */
  readonly answers: boolean
  /** Describes how a plain list of puzzles, which has no header, is read; null when plain lists are not accepted. */
  readonly plainList: string | null
  /**
   * Parses and checks both into `clues` and `solution`, from bytes and without allocation.
   *
   * @returns false when the input is invalid, or only {@link PuzzleFormat.exact} can decide
   */
  quick(bytes: Uint8Array, question: number, answer: number, clues: Uint8Array, solution: Uint8Array): boolean
  /** Parses and checks both as strings; a null answer stays null. @throws UserError that names the fault. */
  exact(question: string, answer: string | null, where: string): Pick<PuzzleRow, 'clues' | 'answer'>
}

/**
 * Reads a CSV file whose header names a column of questions and, in any order and among others, columns of answers and
 * ratings; see {@link puzzleColumns} for their names and {@link readRecords} for the accepted syntax. Puzzles are
 * passed to the callback one by one, each valid only during the call.
 *
 * @param rated whether the file must rate its puzzles
 * @returns SHA-256 of the file
 * @throws UserError with file and line for a header without such columns, ragged rows, invalid ratings, and input that
 * the format rejects.
 */
export async function readPuzzleCsv(
  file: string,
  format: PuzzleFormat,
  rated: boolean,
  accept: (row: PuzzleRow) => void,
): Promise<string> {
  const { cells } = format
  const solution = new Uint8Array(cells)
  const row = { clues: new Uint8Array(cells), answer: solution, rating: 0 as number | null, line: 0 }
  let columns: PuzzleColumns | null = null
  let count = 0
  const sha256 = await readRecords(file, { delimiter: ',', quotes: true }, (record) => {
    if (columns === null) {
      columns = puzzleColumns(record, file, format)
      return
    }
    if (count++ === 0) columns = withUsableRating(columns, record, file, rated)
    if (!quickRow(record, columns, format, row)) return accept(exactRow(record, columns, file, format))
    accept(row)
  })
  if (count === 0)
    throw new UserError({
      where: file,
      expected: `a header (question${format.answers ? ',answer' : ''}) and puzzles`,
      found: columns === null ? 'an empty file' : 'only a header',
    })
  return sha256
}

/** Ignores a rating column that holds words. @throws UserError when ratings are required. */
function withUsableRating(columns: PuzzleColumns, record: CsvRecord, file: string, rated: boolean): PuzzleColumns {
  const { rating, ratingName, answer } = columns
  const words = ratingName === 'difficulty' && rating !== null && Number.isNaN(numberOf(record.text(rating)))
  const usable = words ? { ...columns, rating: null } : columns
  if (rated && usable.rating === null && answer !== null)
    throw new UserError({
      where: file,
      expected: 'a column rating (or difficulty) with numbers, which minRating compares',
      found: columns.names,
      todo: 'Leave minRating out.',
    })
  return usable
}

/** Reads a row of the common form into `row`; returns false when the row needs the exact parser. */
function quickRow(
  { count, bytes, starts, ends, line }: CsvRecord,
  { count: wanted, question, answer, rating }: PuzzleColumns,
  { cells, quick }: PuzzleFormat,
  row: { -readonly [K in keyof PuzzleRow]: PuzzleRow[K] } & { readonly answer: Uint8Array },
): boolean {
  if (answer === null || count !== wanted) return false
  row.line = line
  row.rating = rating === null ? 0 : shortNumber(bytes, starts[rating]!, ends[rating]!)
  if (row.rating === -1) return false
  const from = starts[question]!
  const answerFrom = starts[answer]!
  if (ends[question]! - from !== cells || ends[answer]! - answerFrom !== cells) return false
  return quick(bytes, from, answerFrom, row.clues, row.answer)
}

function exactRow(record: CsvRecord, columns: PuzzleColumns, file: string, format: PuzzleFormat): PuzzleRow {
  const { line } = record
  const where = lineOf(file, line)
  if (record.count !== columns.count)
    throw new UserError({
      where,
      expected: `${columns.count} field${columns.count === 1 ? '' : 's'} (${columns.names})`,
      found: String(record.count),
    })
  const answer = columns.answer === null ? null : record.text(columns.answer)
  const rating = columns.rating === null ? (answer === null ? null : 0) : ratingOf(record.text(columns.rating), where)
  return { ...format.exact(record.text(columns.question), answer, where), rating, line }
}

function ratingOf(text: string, where: string): number {
  const rating = numberOf(text)
  if (rating >= 0 && rating !== Number.POSITIVE_INFINITY) return rating
  throw new UserError({ where, expected: 'a rating of 0 or more', found: JSON.stringify(shorten(text)) })
}

function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}

const POINT = 46

/** Parses a number of up to 15 digits with an optional decimal point; returns -1 for anything else. */
function shortNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 15) return -1
  let number = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit >= 0 && digit <= 9) number = number * 10 + digit
    else return bytes[at] === POINT && at > start ? withDecimals(bytes, number, at + 1, end) : -1
  }
  return number
}

/** Parses the decimals that follow a whole part. */
function withDecimals(bytes: Uint8Array, whole: number, start: number, end: number): number {
  let number = whole
  let scale = 1
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
    scale *= 10
  }
  // Both are exact in double precision, so that the quotient is the correctly rounded value of the text.
  return number / scale
}
