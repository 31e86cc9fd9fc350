import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { UserError } from '../../errors.js'
import { systemReason } from '../../files/atomic.js'
import type { Geometry } from './box.js'
import { lineOf, parseAnswer, parseClues } from './parse.js'

const HEADER = ['source', 'question', 'answer', 'rating'] as const

/** A line of a puzzle file. */
export interface PuzzleRow {
  /** `[cells]` digits, 0 blank. */
  readonly clues: Uint8Array
  /** `[cells]` digits, valid and in keeping with the clues; null where none is given. */
  readonly answer: Uint8Array | null
  /** The given rating; null in a list. */
  readonly rating: number | null
  readonly line: number
}

/** A line longer than this belongs to no puzzle file: better said at once than after filling the memory. */
const LONGEST_LINE = 65_536

/**
 * Reads a file as a stream, row by row, and hands over every puzzle in it. Answers are checked to be valid and to fit their
 * question; whether there is another one is for the caller to find out, it takes solving. A byte-order mark and Windows
 * line ends are accepted, empty lines passed over.
 *
 * - `csv`: the published format, header `source,question,answer,rating`;
 * - `list`: a puzzle per line, `question` or `question:answer`.
 *
 * @returns SHA-256 of the file
 * @throws UserError with file and line for whatever is wrong.
 */
export async function readRows(
  grid: Geometry,
  file: string,
  format: 'csv' | 'list',
  accept: (row: PuzzleRow) => void,
): Promise<string> {
  const hash = createHash('sha256')
  const rows = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n'],
    max_record_size: LONGEST_LINE,
    ...(format === 'csv' ? {} : { delimiter: ':', quote: null }),
  })
  const read = pipeline(
    createReadStream(file, { highWaterMark: 1 << 18 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    rows,
    () => {}, // An error ends the loop below, which reports it.
  )
  let first = true
  let count = 0
  try {
    for await (const { record, info } of read as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (first && format === 'csv') checkHeader(record, lineOf(file, info.lines))
      else {
        accept(format === 'csv' ? csvRow(grid, record, file, info.lines) : listRow(grid, record, file, info.lines))
        count++
      }
      first = false
    }
  } catch (error) {
    throw readingError(error, file)
  }
  if (count === 0)
    throw new UserError({
      where: file,
      expected: format === 'csv' ? `the header ${HEADER.join(',')} and puzzles` : 'a puzzle per line',
      found: first ? 'an empty file' : 'the header alone',
    })
  return hash.digest('hex')
}

function checkHeader(record: readonly string[], where: string): void {
  if (record.length === HEADER.length && HEADER.every((name, i) => record[i] === name)) return
  throw new UserError({
    where,
    expected: `the header ${HEADER.join(',')}`,
    found: shorten(record.join(',')),
    todo: 'For a plain list of puzzles use list=FILE.',
  })
}

function csvRow(grid: Geometry, record: readonly string[], file: string, line: number): PuzzleRow {
  const where = lineOf(file, line)
  const [, question, answer, ratingText] = record
  if (record.length !== HEADER.length || question === undefined || answer === undefined || ratingText === undefined)
    throw new UserError({
      where,
      expected: `${HEADER.length} fields (${HEADER.join(',')})`,
      found: String(record.length),
    })
  const rating = ratingText.trim() === '' ? Number.NaN : Number(ratingText)
  if (!(rating >= 0) || rating === Number.POSITIVE_INFINITY)
    throw new UserError({ where, expected: 'a rating of 0 or more', found: JSON.stringify(shorten(ratingText)) })
  const clues = parseClues(grid, question, where)
  return { clues, answer: parseAnswer(grid, answer, clues, where), rating, line }
}

function listRow(grid: Geometry, record: readonly string[], file: string, line: number): PuzzleRow {
  const where = lineOf(file, line)
  const [question = '', answerText] = record
  if (record.length > 2)
    throw new UserError({ where, expected: 'question or question:answer', found: `${record.length} parts` })
  const clues = parseClues(grid, question, where)
  return {
    clues,
    answer: answerText === undefined ? null : parseAnswer(grid, answerText, clues, where),
    rating: null,
    line,
  }
}

function readingError(error: unknown, file: string): unknown {
  if (error instanceof UserError) return error
  if (error instanceof CsvError) {
    const line = Number(error.lines)
    const [expected, found] =
      error.code === 'CSV_MAX_RECORD_SIZE'
        ? ['a puzzle per line', `a line of more than ${LONGEST_LINE} bytes`]
        : ['well-formed CSV', error.message]
    return new UserError({ where: line > 0 ? lineOf(file, line) : file, expected, found }, { cause: error })
  }
  if (error instanceof Error && 'code' in error)
    return new UserError({ where: file, expected: 'a readable file', found: systemReason(error) }, { cause: error })
  return error
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
