import { type CsvRecord, lineOf, readRecords } from '../../data/csv.js'
import { type PuzzleFormat, type PuzzleRow, readPuzzleCsv } from '../../data/puzzle-csv.js'
import { isPuzzleHeader } from '../../data/puzzle-header.js'
import { UserError } from '../../errors.js'
import type { Geometry } from './box.js'
import { parseAnswer, parseClues } from './parse.js'
import { quickParser } from './quick.js'

/**
 * Reads a file as a stream, row by row, and hands over every puzzle in it. Answers are checked to be valid and to fit their
 * question; whether there is another one is for the caller to find out, it takes solving. A byte-order mark and Windows
 * line ends are accepted, empty lines passed over.
 *
 * - `csv`: columns told by the names in its header, see {@link readPuzzleCsv};
 * - `list`: a puzzle per line, `question`, `question:answer` or `question,answer`; a CSV with a header is read as such.
 *
 * @param rated whether a CSV that gives answers must rate its puzzles too
 * @returns SHA-256 of the file
 * @throws UserError with file and line for whatever is wrong.
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

/** Ends the reading of a list that turns out to be a CSV, before any puzzle of it was handed over. */
class HasHeader extends Error {}

function namesColumns(record: CsvRecord): boolean {
  return isPuzzleHeader(partsOf(record.raw(), ','))
}

/** No part of a list needs the quotes that some programs put around each. */
function partsOf(line: string, delimiter: string | RegExp): string[] {
  return line.split(delimiter).map((part) => part.trim().replace(/^"(.*)"$/, '$1'))
}

/** How Sudokus stand in a CSV file. */
function sudokuFormat(grid: Geometry): PuzzleFormat {
  return {
    cells: grid.cells,
    answers: false,
    plainList: 'For puzzles without a header, a line each, use list=FILE.',
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
