import { type CsvRecord, lineOf, readRecords } from '../../data/csv.js'
import { type PuzzleFormat, type PuzzleRow, readPuzzleCsv } from '../../data/puzzle-csv.js'
import { isPuzzleHeader } from '../../data/puzzle-header.js'
import { UserError } from '../../errors.js'
import type { Geometry } from './box.js'
import { parseAnswer, parseClues } from './parse.js'
import { quickParser } from './quick.js'

/**
 * Streams a file row by row and passes every puzzle in it to the callback. Answers are checked to be valid and
 * consistent with their question; uniqueness, which requires solving, is left to the caller. A byte-order mark and
 * Windows line endings are accepted; empty lines are skipped.
 *
 * - `csv`: columns named by its header, see {@link readPuzzleCsv};
 * - `list`: one puzzle per line, `question`, `question:answer` or `question,answer`; a CSV with a header is read as
 * such.
 *
 * @param rated whether a CSV that gives answers must also rate its puzzles
 * @returns SHA-256 of the file
 * @throws UserError with file and line of the fault.
 */
export async function readRows(
  grid: Geometry,
  file: string,
  format: 'csv' | 'list',
  rated: boolean,
  accept: (row: PuzzleRow) => void,
): Promise<string> {
  if (format === 'csv') return readPuzzleCsv(file, sudokuFormat(grid), rated, accept)
  let count = 0
  try {
    const sha256 = await readRecords(file, { delimiter: ':', quotes: false }, (record) => {
      if (count++ === 0 && namesColumns(record)) throw new HasHeader()
      accept(listRow(grid, record, file))
    })
    if (count === 0) throw new UserError({ where: file, expected: 'a puzzle per line', found: 'an empty file' })
    return sha256
  } catch (error) {
    if (error instanceof HasHeader) return readPuzzleCsv(file, sudokuFormat(grid), rated, accept)
    throw error
  }
}

/** Stops the reading of a list that turns out to be a CSV, before any puzzle of it was passed on. */
class HasHeader extends Error {}

function namesColumns(record: CsvRecord): boolean {
  return isPuzzleHeader(partsOf(record.raw(), ','))
}

/** Splits a line of a list, ignoring the quotes that some programs put around each part, which never needs them. */
function partsOf(line: string, delimiter: string | RegExp): string[] {
  return line.split(delimiter).map((part) => part.trim().replace(/^"(.*)"$/, '$1'))
}

/** Returns the format of Sudokus in a CSV file. */
function sudokuFormat(grid: Geometry): PuzzleFormat {
  return {
    cells: grid.cells,
    answers: false,
    plainList: 'For puzzles without a header, one per line, use list=FILE.',
    quick: quickParser(grid),
    exact(question, answer, where) {
      const clues = parseClues(grid, question.trim(), where)
      return { clues, answer: answer === null ? null : parseAnswer(grid, answer.trim(), clues, where) }
    },
  }
}

function listRow(grid: Geometry, record: CsvRecord, file: string): PuzzleRow {
  const { line } = record
  const where = lineOf(file, line)
  const [question = '', answer, ...more] = partsOf(record.raw(), /[:,]/)
  if (more.length > 0)
    throw new UserError({ where, expected: 'question or question:answer', found: `${2 + more.length} parts` })
  const clues = parseClues(grid, question, where)
  return { clues, answer: answer === undefined ? null : parseAnswer(grid, answer, clues, where), rating: null, line }
}
