import type { DatasetManifest } from '../data/dataset.js'
import { type PuzzleLook, puzzleLook, type TokenLook } from './puzzle-look.js'

/** What is the matter with a cell. */
export type Mark = 'none' | 'changed' | 'wrong'

/** One grid of tokens to be drawn. */
export interface Panel {
  /** Written above it. */
  readonly title: string
  /** `[seqLen]` tokens. */
  readonly tokens: ArrayLike<number>
  /** `[seqLen]` tokens of the puzzle, to tell what it gave from what was filled in. Default: all are given. */
  readonly puzzle?: ArrayLike<number>
  /** `[seqLen]` Default: none. */
  readonly marks?: readonly Mark[]
}

/** A cell of a {@link Board}. */
export interface BoardCell extends TokenLook {
  readonly mark: Mark
}

/** A panel laid out in rows and columns. */
export interface Board {
  readonly title: string
  readonly look: PuzzleLook
  readonly rows: number
  readonly columns: number
  /** Row by row. */
  readonly cells: readonly BoardCell[]
}

/** The part of a data set's manifest that drawing needs. */
export type Drawable = Pick<DatasetManifest, 'task' | 'seqLen' | 'options' | 'vocabSize'>

/**
 * Lays panels of one data set out.
 *
 * @param whole keeps rows and columns at the end that are padding in all of them; default: they are left out
 * @throws UserError for a Sudoku without a box that fits.
 */
export function boardsOf(manifest: Drawable, panels: readonly Panel[], whole = false): Board[] {
  const look = puzzleLook(manifest)
  const all = panels.map((panel) => panel.tokens)
  const { rows, columns } = whole ? look : extent(look, all)
  return panels.map((panel) => ({
    title: panel.title,
    look,
    rows,
    columns,
    cells: cellsOf(panel, look, rows, columns),
  }))
}

function cellsOf({ tokens, puzzle, marks }: Panel, look: PuzzleLook, rows: number, columns: number): BoardCell[] {
  const cells: BoardCell[] = []
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = row * look.columns + column
      // Only in a Sudoku does it matter: blanks are what an answer fills in.
      const given = puzzle === undefined || puzzle[at]! > 1
      cells.push({ ...look.token(tokens[at]!, given), mark: marks?.[at] ?? 'none' })
    }
  return cells
}

function extent(
  { rows, columns, padding }: PuzzleLook,
  all: readonly ArrayLike<number>[],
): Pick<Board, 'rows' | 'columns'> {
  if (padding === null) return { rows, columns }
  let [height, width] = [1, 1]
  for (const tokens of all)
    for (let at = 0; at < rows * columns; at++)
      if (tokens[at] !== padding) {
        height = Math.max(height, Math.floor(at / columns) + 1)
        width = Math.max(width, (at % columns) + 1)
      }
  return { rows: height, columns: width }
}
