import { UserError } from '../../errors.js'

/** A Sudoku box, rows × columns: `[2, 2]` is the 4×4 grid, `[2, 3]` 6×6, `[3, 3]` 9×9. */
export type Box = readonly [rows: number, columns: number]

/** The boxes there are, as they are written on the command line. */
export const BOXES = { '2x2': [2, 2], '2x3': [2, 3], '3x3': [3, 3] } as const satisfies Record<string, Box>

/** The sizes that follow from a box. */
export interface Geometry {
  readonly box: Box
  /** Rows of a box, which is also the number of stacks (columns of boxes). */
  readonly boxRows: number
  /** Columns of a box, which is also the number of bands (rows of boxes). */
  readonly boxColumns: number
  /** Rows, columns and digits of the grid. */
  readonly side: number
  /** side². */
  readonly cells: number
  /** Whether the transposed grid has boxes of the same shape. */
  readonly square: boolean
  /** `[cells]` the box each cell lies in. */
  readonly boxOf: Uint8Array
}

const known = new Map<string, Geometry>(Object.entries(BOXES).map(([name, box]) => [name, measure(box)]))

/** The sizes of a box. @throws UserError when there is no such box. */
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
