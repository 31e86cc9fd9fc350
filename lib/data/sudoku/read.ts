import { UserError } from '../../errors.js'
import { type CsvRecord, lineOf, readRecords } from '../csv.js'
import { type PuzzleFormat, readPuzzleCsv } from '../puzzle-csv.js'
import type { Geometry } from './box.js'
import { parseAnswer, parseClues } from './parse.js'
import { quickParser } from './quick.js'

/** A line of a puzzle file; valid only while it is handed over. */
export interface PuzzleRow {
  /** `[cells]` digits, 0 blank. */
  readonly clues: Uint8Array
  /** `[cells]` digits, valid and in keeping with the clues; null where none is given. */
  readonly answer: Uint8Array | null
  /** The given rating; null in a list. */
  readonly rating: number | null
  readonly line: number
}

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
  if (format === 'csv')
    return readPuzzleCsv(file, sudokuFormat(grid), ({ clues, solution, rating, line }) =>
      accept({ clues, answer: solution, rating, line }),
    )
  let count = 0
  const sha256 = await readRecords(file, { delimiter: ':', quotes: false }, (record) => {
    accept(listRow(grid, record, file))
    count++
  })
  if (count === 0) throw new UserError({ where: file, expected: 'a puzzle per line', found: 'an empty file' })
  return sha256
}

/** How Sudokus stand in a CSV file. */
export function sudokuFormat(grid: Geometry): PuzzleFormat {
  return {
    cells: grid.cells,
    quick: quickParser(grid),
    exact(question, answer, where) {
      const clues = parseClues(grid, question, where)
      return { clues, solution: parseAnswer(grid, answer, clues, where) }
    },
  }
}

function listRow(grid: Geometry, record: CsvRecord, file: string): PuzzleRow {
  const { count, line } = record
  const where = lineOf(file, line)
  if (count > 2) throw new UserError({ where, expected: 'question or question:answer', found: `${count} parts` })
  const clues = parseClues(grid, record.text(0), where)
  return { clues, answer: count === 1 ? null : parseAnswer(grid, record.text(1), clues, where), rating: null, line }
}
