import { createCount, type MakeOptions } from '../../data/progress.js'
import { type Puzzle, type PuzzleList, puzzleList } from '../../data/puzzles.js'
import { UserError } from '../../errors.js'
import { Random } from '../../random.js'
import { bitCount } from './bits.js'
import type { Geometry } from './box.js'
import { solverFor } from './solver.js'
import { puzzleIndex, samenessFor } from './twins.js'

/** Minimum clues of a puzzle with a unique solution, by side. */
const FEWEST_CLUES: Readonly<Record<number, number>> = { 4: 4, 6: 8, 9: 17 }

/** Number of consecutive attempts without a new puzzle after which puzzles count as exhausted. */
const GIVE_UP = 2000

/** Options of {@link generateSplits}. */
export interface GenerateOptions {
  readonly clues: number
  readonly train: number
  readonly test: number
  readonly seed: number
}

/**
 * Generates puzzles with a unique solution and exactly `clues` clues, no two of them equivalent (see {@link
 * samenessFor}). The test puzzles depend only on seed and clues, not on the number of training puzzles.
 *
 * @throws UserError when there are too few such puzzles, or they are too rare to be found.
 */
export async function generateSplits(
  grid: Geometry,
  options: GenerateOptions,
  make: MakeOptions = {},
): Promise<{ train: PuzzleList; test: PuzzleList }> {
  checkClues(grid, options.clues)
  const all = puzzleList(grid)
  const met = puzzleIndex(grid, samenessFor(grid), (number) => all.at(number))
  const tell = createCount(make, 'puzzles', 'generated', options.train + options.test)
  const draw = async (split: 'train' | 'test', count: number): Promise<PuzzleList> => {
    const random = Random.of(options.seed, 'sudoku', split, grid.side, options.clues)
    const list = puzzleList(grid)
    for (let failures = 0; list.count < count; ) {
      const turn = tell(all.count)
      if (turn) await turn
      const puzzle = drawPuzzle(grid, options.clues, random)
      if (!puzzle || met.find(puzzle) >= 0) {
        if (++failures === GIVE_UP) throw tooFew(grid, options, split, list.count)
        continue
      }
      failures = 0
      met.add(puzzle, all.count)
      all.push(puzzle)
      list.push(puzzle)
    }
    return list
  }
  const test = await draw('test', options.test)
  return { train: await draw('train', options.train), test }
}

/**
 * Makes one attempt: a random full grid, whose cells are cleared in random order while the solution stays unique.
 *
 * @returns null when the grid cannot be cleared down to `clues` in this order
 */
export function drawPuzzle(grid: Geometry, clues: number, random: Random): Puzzle | null {
  const solver = solverFor(grid.box)
  const solution = drawGrid(grid, random)
  const puzzle = solution.slice()
  let left = grid.cells
  for (const cell of random.shuffle(Uint8Array.from(solution, (_, i) => i))) {
    if (left === clues) break
    puzzle[cell] = 0
    if (solver.solve(puzzle).solutions === 1) left--
    else puzzle[cell] = solution[cell]!
  }
  if (left !== clues) return null
  return { clues: puzzle, solution, rating: solver.solve(puzzle).backtracks, line: 0 }
}

/** Returns a random full grid, filled by fewest candidates first, with cells and digits in random order. */
export function drawGrid({ side, cells, boxOf }: Geometry, random: Random): Uint8Array {
  const digits = new Uint8Array(cells)
  const used = new Int32Array(3 * side)
  const all = (2 << side) - 2
  const order = random.shuffle(Uint8Array.from({ length: cells }, (_, i) => i))
  const mark = (cell: number, bit: number): void => {
    used[Math.floor(cell / side)]! ^= bit
    used[side + (cell % side)]! ^= bit
    used[2 * side + boxOf[cell]!]! ^= bit
  }
  const optionsAt = (cell: number): number =>
    ~(used[Math.floor(cell / side)]! | used[side + (cell % side)]! | used[2 * side + boxOf[cell]!]!) & all
  const fill = (): boolean => {
    let chosen = -1
    let options = 0
    let fewest = side + 1
    for (const cell of order) {
      if (digits[cell] !== 0) continue
      const here = optionsAt(cell)
      const count = bitCount(here)
      if (count >= fewest) continue
      chosen = cell
      options = here
      fewest = count
      if (count < 2) break
    }
    if (chosen < 0) return true
    const choices = Array.from({ length: side }, (_, i) => i + 1).filter((digit) => options & (1 << digit))
    for (const digit of random.shuffle(choices)) {
      digits[chosen] = digit
      mark(chosen, 1 << digit)
      if (fill()) return true
      mark(chosen, 1 << digit)
      digits[chosen] = 0
    }
    return false
  }
  fill()
  return digits
}

function checkClues({ side, cells }: Geometry, clues: number): void {
  const fewest = FEWEST_CLUES[side]!
  if (clues >= fewest && clues < cells) return
  throw new UserError({
    where: 'key clues',
    expected: `${fewest} to ${cells - 1} on a ${side}×${side} grid`,
    found: String(clues),
    todo: `No puzzle with fewer than ${fewest} has a unique solution.`,
    exitCode: 2,
  })
}

function tooFew(
  { side }: Geometry,
  { clues, train, test }: GenerateOptions,
  split: 'train' | 'test',
  got: number,
): UserError {
  const asked = split === 'train' ? train : test
  return new UserError({
    where: `key ${split}`,
    expected: `${asked} different ${side}×${side} puzzles with ${clues} clues`,
    found: `${got}, and none in ${GIVE_UP} further attempts`,
    todo: 'Ask for fewer puzzles, or for more clues.',
  })
}
