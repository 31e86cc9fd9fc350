import type { Random } from '../../random.js'
import type { Geometry } from './box.js'

/** A transformation of grids that maps solutions to solutions. */
export interface Symmetry {
  /** Whether the grid is transposed first; only for square boxes. */
  transpose: boolean
  /** `[side]` source of each row. */
  readonly rows: Uint8Array
  /** `[side]` source of each column. */
  readonly columns: Uint8Array
  /** `[side + 1]` image of each digit; 0 stays 0. */
  readonly digits: Uint8Array
}

/** Returns the identity. */
export function identity({ side }: Geometry): Symmetry {
  const inOrder = (): Uint8Array => Uint8Array.from({ length: side }, (_, i) => i)
  return {
    transpose: false,
    rows: inOrder(),
    columns: inOrder(),
    digits: Uint8Array.from({ length: side + 1 }, (_, i) => i),
  }
}

/**
 * Draws a symmetry: relabelled digits, transposed with probability ½ (square boxes only), bands and the rows within
 * them in random order, stacks and columns likewise.
 *
 * @param into overwritten, so that drawing many allocates no memory
 */
export function drawSymmetry(random: Random, { boxRows, boxColumns, side, square }: Geometry, into: Symmetry): void {
  into.transpose = square && random.int(2) === 1
  drawLines(random, into.rows, boxColumns, boxRows)
  drawLines(random, into.columns, boxRows, boxColumns)
  const { digits } = into
  for (let digit = 1; digit <= side; digit++) {
    const j = 1 + random.int(digit)
    digits[digit] = digits[j]!
    digits[j] = digit
  }
}

/** Shuffles blocks of neighbouring lines, and the lines within each (Fisher-Yates, inside out). */
function drawLines(random: Random, lines: Uint8Array, blocks: number, size: number): void {
  for (let block = 0; block < blocks; block++) {
    const j = random.int(block + 1)
    lines[block * size] = lines[j * size]!
    lines[j * size] = block * size
  }
  for (let block = 0; block < blocks; block++) {
    const at = block * size
    const first = lines[at]!
    for (let line = 0; line < size; line++) {
      const j = random.int(line + 1)
      lines[at + line] = lines[at + j]!
      lines[at + j] = first + line
    }
  }
}

/**
 * Writes the transformed grid.
 *
 * @param from digits, or tokens when `values` maps tokens; the grid starts at `fromOffset`
 * @param values image of each value. Default: the symmetry's digits
 */
export function applySymmetry(
  symmetry: Symmetry,
  { side }: Geometry,
  from: Uint8Array,
  fromOffset: number,
  to: { [i: number]: number },
  toOffset: number,
  values: Uint8Array = symmetry.digits,
): void {
  const { rows, columns, transpose } = symmetry
  const rowStep = transpose ? 1 : side
  const columnStep = transpose ? side : 1
  for (let r = 0; r < side; r++) {
    const start = fromOffset + rows[r]! * rowStep
    const target = toOffset + r * side
    for (let c = 0; c < side; c++) to[target + c] = values[from[start + columns[c]! * columnStep]!]!
  }
}
