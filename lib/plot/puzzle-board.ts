import { extentOf, type PuzzleLook, type TokenLook } from '../tasks/look.js'
import { lookOf } from '../tasks/registry.js'
import type { PuzzleSpec } from '../tasks/task.js'

/** The mark of a cell: wrong, or changed since the previous step. */
export type Mark = 'none' | 'changed' | 'wrong'

/** One grid of tokens to draw. */
export interface Panel {
  /** Heading above the grid. */
  readonly title: string
  /** `[seqLen]` tokens. */
  readonly tokens: ArrayLike<number>
  /** `[seqLen]` tokens of the puzzle, to distinguish given cells from filled-in ones. Default: all are given. */
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

/**
 * Lays out panels of one data set.
 *
 * @param whole keeps trailing rows and columns that are padding in every panel; default: they are omitted
 * @throws UserError for a Sudoku without a fitting box.
 */
export function boardsOf(spec: PuzzleSpec, panels: readonly Panel[], whole = false): Board[] {
  const look = lookOf(spec)
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
      const given = puzzle === undefined || look.blank === null || puzzle[at] !== look.blank
      cells.push({ ...look.token(tokens[at]!, given), mark: marks?.[at] ?? 'none' })
    }
  return cells
}

function extent(look: PuzzleLook, all: readonly ArrayLike<number>[]): Pick<Board, 'rows' | 'columns'> {
  const { rows, columns, padding } = look
  if (padding === null) return { rows, columns }
  const extents = all.map((tokens) => extentOf(look, tokens, [padding]))
  return {
    rows: Math.max(1, ...extents.map(([height]) => height)),
    columns: Math.max(1, ...extents.map(([, width]) => width)),
  }
}
