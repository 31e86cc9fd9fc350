import type { TokenSink } from '../../data/dataset.js'
import { dihedralWalk } from './dihedral.js'
import type { FlatGrid } from './grid.js'

/** Padding token; also the stored label that the loss ignores. */
export const PAD = 0
/** Token at the right and bottom edge of a grid. */
export const END = 1
/** Token of colour 0; colour c is c + 2. */
export const FIRST_COLOUR = 2
/** Vocabulary size: padding, end of grid, ten colours. */
export const VOCABULARY = 12

/**
 * Writes a grid into a board of `board` × `board` tokens with its top left corner at (row, column): colour + 2, END in
 * the row below the grid (across its width) and in the column right of it (down its height) as far as they fit, PAD
 * elsewhere. The grid may be read as a version: recoloured by `colours`, then transformed.
 */
export function encodeGrid(
  grid: FlatGrid,
  board: number,
  row: number,
  column: number,
  into: TokenSink,
  offset: number,
  version?: { readonly transform: number; readonly colours: ArrayLike<number> },
): void {
  const { rows, columns, start, down, right } = dihedralWalk(grid.rows, grid.columns, version?.transform ?? 0)
  const colours = version?.colours
  for (let i = 0; i < board * board; i++) into[offset + i] = PAD
  for (let r = 0; r < rows; r++) {
    const to = offset + (row + r) * board + column
    const from = start + r * down
    for (let c = 0; c < columns; c++) {
      const colour = grid.cells[from + c * right]!
      into[to + c] = FIRST_COLOUR + (colours ? colours[colour]! : colour)
    }
    if (column + columns < board) into[to + columns] = END
  }
  if (row + rows >= board) return
  const below = offset + (row + rows) * board + column
  for (let c = 0; c < columns; c++) into[below + c] = END
}

/**
 * Returns the grid on a board: the largest rectangle from the top left corner that contains only colour tokens; on a
 * tie, the one with fewest rows. It may be empty (0 × 0).
 *
 * @param tokens `[board²]`, starting at `offset`
 */
export function crop(tokens: ArrayLike<number>, board: number, offset = 0): FlatGrid {
  let width = board
  let [rows, columns] = [0, 0]
  for (let r = 0; r < board && width > 0; r++) {
    const from = offset + r * board
    let c = 0
    while (c < width && isColour(tokens[from + c])) c++
    width = c
    if ((r + 1) * width > rows * columns) [rows, columns] = [r + 1, width]
  }
  const cells = new Uint8Array(rows * columns)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) cells[r * columns + c] = tokens[offset + r * board + c]! - FIRST_COLOUR
  return { rows, columns, cells }
}

function isColour(token: number | undefined): boolean {
  return token !== undefined && token >= FIRST_COLOUR && token < VOCABULARY
}
