import { EMPTY, QUEEN } from './tokens.js'

/** Minimum and maximum side of a board. */
export const SIZES = { least: 5, greatest: 10 } as const

/** Marks a row without a queen in a {@link Placement}. */
export const NONE = 255

/** Queens of a board with at most one per row: `[size]` column of each row's queen, or {@link NONE}. */
export type Placement = Uint8Array

/**
 * Returns every placement of `size` queens of which no two attack each other.
 *
 * @param given queens that are fixed. Default: none
 * @returns placements ordered by columns, row by row; empty when the given queens attack each other or have no
 * completion
 */
export function completions(size: number, given: Placement = new Uint8Array(size).fill(NONE)): Placement[] {
  const found: Placement[] = []
  const columns = new Uint8Array(size)
  const all = (1 << size) - 1
  // Columns and both diagonals attacked in a row, as bits; diagonals shift by one column per row.
  const fill = (row: number, taken: number, falling: number, rising: number): void => {
    if (row === size) {
      found.push(columns.slice())
      return
    }
    const allowed = given[row] === NONE ? all : 1 << given[row]!
    for (let free = allowed & ~(taken | falling | rising); free !== 0; free &= free - 1) {
      const bit = free & -free
      columns[row] = 31 - Math.clz32(bit)
      fill(row + 1, taken | bit, (falling | bit) << 1, (rising | bit) >> 1)
    }
  }
  fill(0, 0, 0, 0)
  return found
}

/** Returns a placement as tokens, `[size²]`. */
export function toTokens(placement: Placement): Uint8Array {
  const size = placement.length
  const tokens = new Uint8Array(size * size).fill(EMPTY)
  placement.forEach((column, row) => {
    if (column !== NONE) tokens[row * size + column] = QUEEN
  })
  return tokens
}

/** Returns the queens of a board of tokens; null when a row has several. */
export function toPlacement(tokens: ArrayLike<number>, size: number): Placement | null {
  const placement = new Uint8Array(size).fill(NONE)
  for (let cell = 0; cell < size * size; cell++) {
    if (tokens[cell] !== QUEEN) continue
    const row = Math.floor(cell / size)
    if (placement[row] !== NONE) return null
    placement[row] = cell % size
  }
  return placement
}
