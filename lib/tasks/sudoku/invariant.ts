import { mix } from '../../data/streams.js'
import type { Geometry } from './box.js'

/** Rounds of message passing between cells; three reach the whole grid. */
const ROUNDS = 3

/**
 * Returns a 32-bit number invariant under relabelling, permuting lines and (for square boxes) transposing, so that
 * puzzles with different numbers are not twins. Cells start from whether they are clues and repeatedly absorb the sums
 * over their row, column, box and digit; sums are independent of order.
 *
 * @param clues `[cells]` digits, 0 blank
 */
export function twinInvariant({ side, cells, square, boxOf }: Geometry, clues: Uint8Array): number {
  const colours = Int32Array.from(clues, (digit) => (digit === 0 ? 0x3c6ef372 : 0x1f83d9ab))
  for (let round = 0; round < ROUNDS; round++) {
    const rows = new Int32Array(side)
    const columns = new Int32Array(side)
    const boxes = new Int32Array(side)
    const digits = new Int32Array(side + 1)
    for (let cell = 0; cell < cells; cell++) {
      const colour = colours[cell]!
      rows[Math.floor(cell / side)]! += colour
      columns[cell % side]! += colour
      boxes[boxOf[cell]!]! += colour
      digits[clues[cell]!]! += colour
    }
    for (let cell = 0; cell < cells; cell++) {
      const row = mix(rows[Math.floor(cell / side)]! ^ 0x5be0cd19)
      const column = mix(columns[cell % side]! ^ (square ? 0x5be0cd19 : 0x2545f491))
      const own = clues[cell] === 0 ? 0 : mix(digits[clues[cell]!]! ^ 0x510e527f)
      colours[cell] = mix(colours[cell]! + mix(row + column) + mix(boxes[boxOf[cell]!]! ^ 0x6c078965) + own)
    }
  }
  let sum = 0
  for (let cell = 0; cell < cells; cell++) sum = (sum + colours[cell]!) | 0
  return mix(sum)
}
