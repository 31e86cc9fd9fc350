import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { UserError } from '../../errors.js'
import { systemReason } from '../../files/atomic.js'
import type { Geometry } from './box.js'
import { lineOf, parseAnswer, parseClues, solveUnique } from './parse.js'
import type { Puzzle } from './puzzles.js'

const HEADER = ['source', 'question', 'answer', 'rating'] as const

/** A line longer than this belongs to no puzzle file: better said at once than after filling the memory. */
const LONGEST_LINE = 65_536

/**
 * Reads a file as a stream, row by row, and hands over every puzzle in it once it is checked. A byte-order mark and
 * Windows line ends are accepted, empty lines passed over.
 *
 * - `csv`: the published format, header `source,question,answer,rating`; answers must be valid and fit their
 *   question (whether there is another answer is for the caller to check: it takes solving);
 * - `list`: a puzzle per line, `question` or `question:answer`; each is solved and must have one solution.
 *
 * @returns SHA-256 of the file
 * @throws UserError with file and line for whatever is wrong.
 */
export async function readPuzzles(
  grid: Geometry,
  file: string,
  format: 'csv' | 'list',
  accept: (puzzle: Puzzle) => void,
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
        accept(
          format === 'csv' ? csvPuzzle(grid, record, file, info.lines) : listPuzzle(grid, record, file, info.lines),
        )
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

function csvPuzzle(grid: Geometry, record: readonly string[], file: string, line: number): Puzzle {
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
  return { clues, solution: parseAnswer(grid, answer, clues, where), rating, line }
}

function listPuzzle(grid: Geometry, record: readonly string[], file: string, line: number): Puzzle {
  const where = lineOf(file, line)
  const [question = '', answerText] = record
  if (record.length > 2)
    throw new UserError({ where, expected: 'question or question:answer', found: `${record.length} parts` })
  const clues = parseClues(grid, question, where)
  const answer = answerText === undefined ? undefined : parseAnswer(grid, answerText, clues, where)
  const { solution, backtracks } = solveUnique(grid, clues, where, answer)
  return { clues, solution, rating: backtracks, line }
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
