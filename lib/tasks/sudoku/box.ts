import { UserError } from '../../errors.js'

/** A Sudoku box, rows × columns: `[2, 2]` for the 4×4 grid, `[2, 3]` for 6×6, `[3, 3]` for 9×9. */
export type Box = readonly [rows: number, columns: number]

/** Supported boxes by their names on the command line. */
export const BOXES = { '2x2': [2, 2], '2x3': [2, 3], '3x3': [3, 3] } as const satisfies Record<string, Box>

/** Sizes that follow from a box. */
export interface Geometry {
  readonly box: Box
  /** Rows per box, which is also the number of stacks (columns of boxes). */
  readonly boxRows: number
  /** Columns per box, which is also the number of bands (rows of boxes). */
  readonly boxColumns: number
  /** Number of rows, columns and digits of the grid. */
  readonly side: number
  /** side². */
  readonly cells: number
  /** Whether the transposed grid has boxes of the same shape. */
  readonly square: boolean
  /** `[cells]` box of each cell. */
  readonly boxOf: Uint8Array
}

const known = new Map<string, Geometry>(Object.entries(BOXES).map(([name, box]) => [name, measure(box)]))

/** Returns the sizes of a box. @throws UserError for an unsupported box. */
export function geometry(box: Box): Geometry {
  const found = known.get(box.join('x'))
  if (found) return found
  throw new UserError({
    where: 'key box',
    expected: `one of ${Object.keys(BOXES).join(', ')}`,
    found: box.join('x'),
    exitCode: 2,
  })
}

function measure(box: Box): Geometry {
  const [boxRows, boxColumns] = box
  const side = boxRows * boxColumns
  const boxOf = Uint8Array.from({ length: side * side }, (_, cell) => {
    const band = Math.floor(Math.floor(cell / side) / boxRows)
    return band * boxRows + Math.floor((cell % side) / boxColumns)
  })
  return { box, boxRows, boxColumns, side, cells: side * side, square: boxRows === boxColumns, boxOf }
}
