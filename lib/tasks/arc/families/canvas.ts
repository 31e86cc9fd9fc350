import type { Random } from '../../../random.js'
import type { FlatGrid, FlatPair } from '../grid.js'

/** A rule with its parameters: generates one pair per call. */
export type Rule = (random: Random) => FlatPair

/** A family of tasks: one small deterministic rule with parameters. */
export interface Family {
  readonly name: string
  /** The rule in words. */
  readonly about: string
  /** Smallest maximum side of the grids that it fits. */
  readonly smallest: number
  /** Draws the parameters of a task whose grids have at most `size` rows and columns. */
  rule(random: Random, size: number): Rule
}

/** Returns a grid of one colour. */
export function filled(rows: number, columns: number, colour = 0): FlatGrid {
  return { rows, columns, cells: new Uint8Array(rows * columns).fill(colour) }
}

/** Returns a mutable copy of a grid. */
export function copyOf(grid: FlatGrid): FlatGrid {
  return { ...grid, cells: grid.cells.slice() }
}

/** Returns the colour at a position; -1 outside the grid. */
export function at({ rows, columns, cells }: FlatGrid, r: number, c: number): number {
  return r >= 0 && r < rows && c >= 0 && c < columns ? cells[r * columns + c]! : -1
}

/** Paints a cell; no-op outside the grid. */
export function put({ rows, columns, cells }: FlatGrid, r: number, c: number, colour: number): void {
  if (r >= 0 && r < rows && c >= 0 && c < columns) cells[r * columns + c] = colour
}

/** Paints a rectangle. */
export function paint(grid: FlatGrid, r: number, c: number, rows: number, columns: number, colour: number): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) put(grid, r + i, c + j, colour)
}

/** Returns a grid computed cell by cell. */
export function make(rows: number, columns: number, colour: (r: number, c: number) => number): FlatGrid {
  return {
    rows,
    columns,
    cells: Uint8Array.from({ length: rows * columns }, (_, i) => colour(Math.floor(i / columns), i % columns)),
  }
}

/** Draws an integer from `low` to `high`, inclusive. */
export function between(random: Random, low: number, high: number): number {
  return low + random.int(Math.max(1, high - low + 1))
}

/** Draws an element of a list. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.int(items.length)]!
}

/** Draws `count` distinct colours of 1…9. */
export function colours(random: Random, count: number): number[] {
  return random.shuffle([1, 2, 3, 4, 5, 6, 7, 8, 9]).slice(0, count)
}

/** Returns a blank grid of `low`…`high` rows and columns. */
export function blank(random: Random, low: number, high: number): FlatGrid {
  return filled(between(random, low, high), between(random, low, high))
}

/** Returns a grid with about the given share of its cells, and at least one, in the given colours. */
export function sprinkled(
  random: Random,
  low: number,
  high: number,
  share: number,
  among: readonly number[],
): FlatGrid {
  const grid = blank(random, low, high)
  for (let i = 0; i < grid.cells.length; i++) if (random.float() < share) grid.cells[i] = pick(random, among)
  grid.cells[random.int(grid.cells.length)] = pick(random, among)
  return grid
}

/** Paints up to `count` rectangles of at most `largest` rows and columns, without contact, as far as they fit. */
export function rectangles(
  random: Random,
  grid: FlatGrid,
  count: number,
  smallest: number,
  largest: number,
): { r: number; c: number; rows: number; columns: number }[] {
  const placed: { r: number; c: number; rows: number; columns: number }[] = []
  for (let attempt = 0; attempt < 20 * count && placed.length < count; attempt++) {
    const rows = between(random, smallest, Math.min(largest, grid.rows))
    const columns = between(random, smallest, Math.min(largest, grid.columns))
    const r = random.int(grid.rows - rows + 1)
    const c = random.int(grid.columns - columns + 1)
    const apart = placed.every(
      (other) => r > other.r + other.rows || other.r > r + rows || c > other.c + other.columns || other.c > c + columns,
    )
    if (apart) placed.push({ r, c, rows, columns })
  }
  return placed
}
