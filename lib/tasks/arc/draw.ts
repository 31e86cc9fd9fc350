import type { DatasetManifest } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { END, FIRST_COLOUR, PAD, VOCABULARY } from './encode.js'
import type { FlatGrid } from './grid.js'

/**
 * Draws a board as text, one line per row: digits are colours, `|` the end of the grid, `.` padding. Trailing rows and
 * columns of padding are omitted.
 */
export function drawBoard(tokens: ArrayLike<number>, board: number): string {
  let [rows, columns] = [0, 0]
  for (let i = 0; i < board * board; i++)
    if (tokens[i] !== PAD) {
      rows = Math.max(rows, Math.floor(i / board) + 1)
      columns = Math.max(columns, (i % board) + 1)
    }
  const line = (r: number): string => Array.from({ length: columns }, (_, c) => symbol(tokens[r * board + c])).join(' ')
  return Array.from({ length: rows }, (_, r) => line(r)).join('\n')
}

/** Draws a grid as text, one line of digits per row. */
export function drawGrid({ rows, columns, cells }: FlatGrid): string {
  return Array.from({ length: rows }, (_, r) => cells.subarray(r * columns, (r + 1) * columns).join(' ')).join('\n')
}

/** Returns the side of a data set's board. @throws UserError when its length is not a square. */
export function boardOf({ seqLen }: Pick<DatasetManifest, 'seqLen'>): number {
  const board = Math.sqrt(seqLen)
  if (!Number.isInteger(board))
    throw new UserError({ where: 'manifest of the data set', expected: 'a square board', found: `${seqLen} cells` })
  return board
}

function symbol(token: number | undefined): string {
  if (token === undefined || !(token >= PAD && token < VOCABULARY)) return '?'
  if (token === PAD) return '.'
  return token === END ? '|' : String(token - FIRST_COLOUR)
}
