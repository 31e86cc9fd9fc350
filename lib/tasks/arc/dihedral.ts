import type { FlatGrid } from './grid.js'

/** Dihedral transforms of a grid. */
export const TRANSFORMS = 8

/** The transform that undoes each. */
export const INVERSE: readonly number[] = [0, 3, 2, 1, 4, 5, 6, 7]

/** Each symmetry in words. */
export const TRANSFORM_NAMES: readonly string[] = [
  'as it is',
  'rotated counter-clockwise by 90°',
  'rotated by 180°',
  'rotated counter-clockwise by 270°',
  'flipped left-right',
  'flipped up-down',
  'transposed',
  'rotated counter-clockwise by 90° and flipped left-right',
]

/**
 * Where the cells of a transformed grid come from: cell (r, c) of the new one is cell
 * `start + r·down + c·right` of the old one.
 */
export interface Walk {
  readonly rows: number
  readonly columns: number
  readonly start: number
  readonly down: number
  readonly right: number
}

/**
 * The walk over a grid of `rows` × `columns` that reads it transformed: 0 identity, 1/2/3 rotated counter-clockwise by
 * 90/180/270°, 4 left-right flip, 5 up-down flip, 6 transpose, 7 left-right flip of the 90° rotation.
 *
 * Source: the published code's `dihedral_transform`.
 */
export function dihedralWalk(rows: number, columns: number, transform: number): Walk {
  const w = columns
  const last = rows * columns - 1
  const upright = { rows, columns }
  const lying = { rows: columns, columns: rows }
  switch (transform) {
    case 0:
      return { ...upright, start: 0, down: w, right: 1 }
    case 1:
      return { ...lying, start: w - 1, down: -1, right: w }
    case 2:
      return { ...upright, start: last, down: -w, right: -1 }
    case 3:
      return { ...lying, start: last - (w - 1), down: 1, right: -w }
    case 4:
      return { ...upright, start: w - 1, down: w, right: -1 }
    case 5:
      return { ...upright, start: last - (w - 1), down: -w, right: 1 }
    case 6:
      return { ...lying, start: 0, down: 1, right: w }
    case 7:
      return { ...lying, start: last, down: -1, right: -w }
    default:
      throw new RangeError(`no dihedral transform ${transform}`)
  }
}

/** A grid under a dihedral transform, in a new array. */
export function dihedral(grid: FlatGrid, transform: number): FlatGrid {
  const { rows, columns, start, down, right } = dihedralWalk(grid.rows, grid.columns, transform)
  const cells = new Uint8Array(rows * columns)
  let to = 0
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) cells[to++] = grid.cells[start + r * down + c * right]!
  return { rows, columns, cells }
}
