import type { Grid } from '../../data/dataset.js'
import { sha256 } from '../../files/atomic.js'

/** Largest height and width of a grid, and the side of the published board. */
export const LARGEST = 30
/** Colours of a grid: 0…9. */
export const COLOURS = 10

/** A grid of colours as bytes, row by row. */
export interface FlatGrid {
  readonly rows: number
  readonly columns: number
  /** `[rows · columns]` colours 0…9. */
  readonly cells: Uint8Array
}

/** A pair of a task. */
export interface FlatPair {
  readonly input: FlatGrid
  readonly output: FlatGrid
}

/** A grid of lists as bytes; all rows are taken to be as long as the first. */
export function flatten(grid: Grid): FlatGrid {
  const rows = grid.length
  const columns = grid[0]?.length ?? 0
  const cells = new Uint8Array(rows * columns)
  grid.forEach((row, r) => {
    cells.set(row, r * columns)
  })
  return { rows, columns, cells }
}

/** The other way round. */
export function nested({ rows, columns, cells }: FlatGrid): number[][] {
  return Array.from({ length: rows }, (_, r) => Array.from(cells.subarray(r * columns, (r + 1) * columns)))
}

/** Whether two grids are the same. */
export function sameGrid(a: FlatGrid, b: FlatGrid): boolean {
  return a.rows === b.rows && a.columns === b.columns && a.cells.every((colour, i) => colour === b.cells[i])
}

/** SHA-256 over height, width (a byte each) and cells, as the published code names grids. */
export function gridHash({ rows, columns, cells }: FlatGrid): string {
  return sha256([Uint8Array.of(rows, columns), cells])
}

/**
 * A grid's content as a short text of single-byte characters (height, width, two cells a character): equal for equal
 * grids only, and little to keep.
 */
export function gridKey({ rows, columns, cells }: FlatGrid): string {
  const bytes = Buffer.allocUnsafe(2 + ((cells.length + 1) >> 1))
  bytes[0] = rows
  bytes[1] = columns
  for (let i = 0; i < cells.length; i += 2) bytes[2 + (i >> 1)] = cells[i]! | ((cells[i + 1] ?? 0) << 4)
  return bytes.toString('latin1')
}

/** The grid of a {@link gridKey}. */
export function gridOfKey(key: string): FlatGrid {
  const rows = key.charCodeAt(0)
  const columns = key.charCodeAt(1)
  const cells = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const two = key.charCodeAt(2 + (i >> 1))
    return i % 2 === 0 ? two & 15 : two >> 4
  })
  return { rows, columns, cells }
}
