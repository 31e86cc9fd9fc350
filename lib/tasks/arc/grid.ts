import type { Grid } from '../../data/dataset.js'
import { sha256 } from '../../files/atomic.js'

/** Maximum height and width of a grid, and the side of the published board. */
export const LARGEST = 30
/** Number of colours: 0…9. */
export const COLOURS = 10

/** A grid of colours as bytes, in row-major order. */
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

/** Converts nested lists to a flat grid; all rows must be as long as the first. */
export function flatten(grid: Grid): FlatGrid {
  const rows = grid.length
  const columns = grid[0]?.length ?? 0
  const cells = new Uint8Array(rows * columns)
  grid.forEach((row, r) => {
    cells.set(row, r * columns)
  })
  return { rows, columns, cells }
}

/** Converts a flat grid to nested lists. */
export function nested({ rows, columns, cells }: FlatGrid): number[][] {
  return Array.from({ length: rows }, (_, r) => Array.from(cells.subarray(r * columns, (r + 1) * columns)))
}

/** Returns whether two grids are equal. */
export function sameGrid(a: FlatGrid, b: FlatGrid): boolean {
  return a.rows === b.rows && a.columns === b.columns && a.cells.every((colour, i) => colour === b.cells[i])
}

/** Returns the SHA-256 of height, width (one byte each) and cells, by which the published code identifies grids. */
export function gridHash({ rows, columns, cells }: FlatGrid): string {
  return sha256([Uint8Array.of(rows, columns), cells])
}

/**
 * Encodes a grid as a short string of single-byte characters (height, width, two cells per character), unique to the
 * grid and compact to store.
 */
export function gridKey({ rows, columns, cells }: FlatGrid): string {
  const bytes = Buffer.allocUnsafe(2 + ((cells.length + 1) >> 1))
  bytes[0] = rows
  bytes[1] = columns
  for (let i = 0; i < cells.length; i += 2) bytes[2 + (i >> 1)] = cells[i]! | ((cells[i + 1] ?? 0) << 4)
  return bytes.toString('latin1')
}

/** Decodes a {@link gridKey}. */
export function gridOfKey(key: string): FlatGrid {
  const rows = key.charCodeAt(0)
  const columns = key.charCodeAt(1)
  const cells = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const two = key.charCodeAt(2 + (i >> 1))
    return i % 2 === 0 ? two & 15 : two >> 4
  })
  return { rows, columns, cells }
}
