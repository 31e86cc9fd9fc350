import type { Geometry } from './box.js'

/**
 * Returns the canonical form of a puzzle: equal for two puzzles exactly when one becomes the other by relabelling
 * digits and permuting bands, rows, stacks and columns (and transposing, when boxes are square).
 *
 * The solution is brought into its lexicographically least form. Only the choice of (transposed or not, first row,
 * order of columns) is free: the first row becomes 1 2 3 …, which fixes the digits, and the first column then sorts the
 * other rows. Among the choices that reach the least solution, the one with the least puzzle is taken.
 *
 * @param clues `[cells]` digits, 0 blank
 * @param solution `[cells]` the unique solution
 * @returns solution and clues of the least form, as text
 */
export function canonicalForm(grid: Geometry, clues: Uint8Array, solution: Uint8Array): string {
  const { side, cells, square } = grid
  const orders = columnOrders(grid)
  const best = new Uint8Array(cells).fill(255)
  let bestClues = ''
  const current = new Uint8Array(cells)
  // Relabelling that makes the first row 1 2 3 …; a blank stays blank.
  const digits = new Uint8Array(side + 1)
  for (let transposed = 0; transposed < (square ? 2 : 1); transposed++) {
    const source = transposed ? transpose(solution, side) : solution
    const sourceClues = transposed ? transpose(clues, side) : clues
    for (let first = 0; first < side; first++)
      for (const columns of orders) {
        for (let c = 0; c < side; c++) digits[source[first * side + columns[c]!]!] = c + 1
        if (secondRowIsGreater(grid, source, first, columns, digits, best)) continue
        const rows = sortRows(grid, source, columns, digits)
        const order = fill(source, rows, columns, digits, current, best, side)
        if (order > 0) continue
        const text = arrange(sourceClues, rows, columns, digits, side)
        if (order < 0) best.set(current)
        if (order < 0 || text < bestClues) bestClues = text
      }
  }
  return `${best.join('')}:${bestClues}`
}

const ordersBySide = new Map<string, Uint8Array[]>()

/** Returns every order of the columns that keeps stacks together: 72 at 6×6, 1,296 at 9×9. */
function columnOrders({ box, boxRows, boxColumns }: Geometry): Uint8Array[] {
  const name = box.join('x')
  const known = ordersBySide.get(name)
  if (known) return known
  const inside = permutations(boxColumns)
  const all: number[][] = []
  for (const stacks of permutations(boxRows)) {
    let orders: number[][] = [[]]
    for (const stack of stacks)
      orders = orders.flatMap((order) =>
        inside.map((p) => [...order, ...p.map((column) => stack * boxColumns + column)]),
      )
    all.push(...orders)
  }
  const result = all.map((order) => Uint8Array.from(order))
  ordersBySide.set(name, result)
  return result
}

function permutations(n: number): number[][] {
  if (n === 0) return [[]]
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  )
}

/**
 * Returns whether the second row of a choice, the least of the band's, is already too great, which prunes most choices
 * early.
 */
function secondRowIsGreater(
  { side, boxRows }: Geometry,
  source: Uint8Array,
  first: number,
  columns: Uint8Array,
  digits: Uint8Array,
  best: Uint8Array,
): boolean {
  const bandStart = first - (first % boxRows)
  let second = -1
  let least = side + 1
  for (let row = bandStart; row < bandStart + boxRows; row++) {
    const lead = digits[source[row * side + columns[0]!]!]!
    if (row === first || lead > least) continue
    second = row
    least = lead
  }
  for (let c = 0; c < side; c++) {
    const difference = digits[source[second * side + columns[c]!]!]! - best[side + c]!
    if (difference !== 0) return difference > 0
  }
  return false
}

/**
 * Returns the rows in the order that makes the grid least: within bands, and bands among each other, by first digit.
 */
function sortRows(
  { side, boxRows, boxColumns }: Geometry,
  source: Uint8Array,
  columns: Uint8Array,
  digits: Uint8Array,
): number[] {
  const lead = (row: number): number => digits[source[row * side + columns[0]!]!]!
  const bands = Array.from({ length: boxColumns }, (_, band) =>
    Array.from({ length: boxRows }, (_, r) => band * boxRows + r).sort((a, b) => lead(a) - lead(b)),
  )
  // The row that became 1 2 3 … starts with 1, so that it and its band come first.
  return bands.sort((a, b) => lead(a[0]!) - lead(b[0]!)).flat()
}

/** Writes the arranged grid until it exceeds `best`; returns the comparison: -1, 0 or 1. */
function fill(
  source: Uint8Array,
  rows: readonly number[],
  columns: Uint8Array,
  digits: Uint8Array,
  current: Uint8Array,
  best: Uint8Array,
  side: number,
): number {
  let order = 0
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++) {
      const value = digits[source[rows[r]! * side + columns[c]!]!]!
      const at = r * side + c
      current[at] = value
      if (order === 0 && value !== best[at]) order = value < best[at]! ? -1 : 1
      if (order > 0) return 1
    }
  return order
}

function arrange(
  source: Uint8Array,
  rows: readonly number[],
  columns: Uint8Array,
  digits: Uint8Array,
  side: number,
): string {
  let text = ''
  for (const row of rows) for (let c = 0; c < side; c++) text += digits[source[row * side + columns[c]!]!]
  return text
}

function transpose(values: Uint8Array, side: number): Uint8Array {
  return values.map((_, i) => values[(i % side) * side + Math.floor(i / side)]!)
}
