import { createCount, type MakeOptions } from '../../data/progress.js'
import { type PuzzleList, puzzleList } from '../../data/puzzles.js'
import { UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { Random } from '../../random.js'
import { type Board, createBoard } from './board.js'
import type { GeneratedSource } from './options.js'
import { markPath } from './solve.js'
import { dihedralSources, twinForm } from './symmetry.js'
import { FREE, GOAL, START, WALL } from './tokens.js'

/** Options of {@link generateMazes}. */
export interface GenerateOptions extends Omit<GeneratedSource, 'kind'> {
  /** Side of the mazes. */
  readonly size: number
  readonly seed: number
}

/** A maze with its path. */
export interface Maze {
  /** `[size²]` tokens. */
  readonly input: Uint8Array
  /** `[size²]` tokens with the path marked. */
  readonly label: Uint8Array
  /** Cells of the path, including S and G. */
  readonly length: number
}

/**
 * Number of consecutive failed attempts after which mazes count as exhausted; at the default path length one in 1,500
 * succeeds.
 */
const GIVE_UP = 50_000

/**
 * Generates mazes whose shortest path is long enough, no two of them equal up to rotation and reflection. The test
 * mazes depend only on seed, size, minPath and walls, not on the number of training mazes.
 *
 * @throws UserError when the path does not fit the grid, or too few such mazes are found.
 */
export async function generateMazes(
  options: GenerateOptions,
  make: MakeOptions = {},
): Promise<{ train: PuzzleList; test: PuzzleList }> {
  const { size, minPath, walls, seed } = options
  checkWish(options)
  const sources = dihedralSources(size)
  const met = new Set<string>()
  const draw = createMazeSource(size, minPath, walls)
  const tell = createCount(make, 'mazes', 'generated', options.train + options.test)
  const take = async (split: 'train' | 'test', count: number): Promise<PuzzleList> => {
    const random = Random.of(seed, 'maze', split, size, minPath, ...walls)
    const list = puzzleList({ cells: size * size })
    for (let failures = 0; list.count < count; ) {
      const turn = tell(met.size)
      if (turn) await turn
      const maze = draw(random)
      const form = maze ? sha256(twinForm(maze.input, sources)) : ''
      if (!maze || met.has(form)) {
        if (++failures === GIVE_UP) throw tooFew(options, split, list.count)
        continue
      }
      failures = 0
      met.add(form)
      list.push({ clues: maze.input, solution: maze.label, rating: maze.length, line: 0 })
    }
    return list
  }
  const test = await take('test', options.test)
  return { train: await take('train', options.train), test }
}

/**
 * Returns a source of mazes: each call is one attempt, and returns null when it fails. The distribution is that of
 * Maze-Hard (walls anywhere, S and G anywhere, accepted when the shortest path is long enough), without trying hopeless
 * S and G: an attempt checks whether the grid has cells that far apart, draws S from the possible ends and G from all
 * cells far enough away, and accepts in proportion to the number of candidates. Every (walls, S, G) is therefore as
 * likely as in the plain procedure, up to {@link PAIR_LIMIT}.
 */
export function createMazeSource(
  size: number,
  minPath: number,
  [least, greatest]: readonly [number, number],
): (random: Random) => Maze | null {
  const board = createBoard(size)
  const cells = size * size
  const [fewest, most] = wallCounts(cells, least, greatest)
  const order = Int32Array.from({ length: cells }, (_, cell) => cell)
  const central = centralPlaces(board)
  const [first, second, third] = [board.distances(), board.distances(), board.distances()]
  const ends = new Int32Array(cells)
  const far = minPath - 1
  const limit = PAIR_LIMIT * cells
  return (random) => {
    const walls = fewest + random.int(most - fewest + 1)
    scatterWalls(board, order, walls, random)
    // No path exceeds twice the distance from any cell to the one farthest from it; the bound is tightest at the
    // centre.
    const a = farthestFromMiddle(board, central, minPath, first)
    if (2 * first[a]! < far) return null
    const b = farthest(board, a, second)
    if (second[b]! < far) return null
    const endCount = possibleEnds(board, b, far, second, third, ends)
    const start = ends[random.int(endCount)]!
    const reached = board.search(start, first)
    let goals = 0
    while (goals < reached && first[board.order[reached - 1 - goals]!]! >= far) goals++
    if (goals === 0 || random.float() * limit >= goals * endCount) return null
    const goal = board.order[reached - 1 - random.int(goals)]!
    return toMaze(board, start, goal, second)
  }
}

/**
 * Pairs of S and G per cell beyond which a grid becomes no likelier: a higher limit is nearer to Maze-Hard's procedure,
 * and slower.
 */
const PAIR_LIMIT = 5

/**
 * Collects the possible ends of a path of `far` steps: cells so far from the middle of the longest path found that
 * continuing from there to the cell farthest from it would suffice.
 *
 * @param fromEnd steps from one end of that path; `other` is its other end
 * @returns the number of cells written to `ends`
 */
function possibleEnds(
  board: Board,
  other: number,
  far: number,
  fromEnd: Int32Array,
  steps: Int32Array,
  ends: Int32Array,
): number {
  let middle = other
  for (const half = fromEnd[other]! >> 1; fromEnd[middle]! > half; )
    middle = neighbours(board, middle).find((place) => fromEnd[place] === fromEnd[middle]! - 1)!
  const reached = board.search(middle, steps)
  const radius = steps[board.order[reached - 1]!]!
  let count = 0
  for (let i = reached - 1; i >= 0 && steps[board.order[i]!]! + radius >= far; i--) ends[count++] = board.order[i]!
  return count
}

/** Returns the positions nearest to the centre, ordered by distance. */
function centralPlaces({ size, places }: Board): Int32Array {
  const away = (cell: number): number =>
    Math.hypot(Math.floor(cell / size) - (size - 1) / 2, (cell % size) - (size - 1) / 2)
  const cells = Array.from(places.keys()).sort((a, b) => away(a) - away(b) || a - b)
  return Int32Array.from(cells.slice(0, CENTRAL), (cell) => places[cell]!)
}

/** Number of starting cells to try; it is almost impossible that all are walls or enclosed. */
const CENTRAL = 25

/** Returns the cell farthest from the first central cell that reaches `reach` cells. */
function farthestFromMiddle(board: Board, central: Int32Array, reach: number, steps: Int32Array): number {
  for (const place of central)
    if (board.open[place] === 1) {
      const reached = board.search(place, steps)
      if (reached >= reach) return board.order[reached - 1]!
    }
  // Without a starting cell, a distance of 0 signals failure.
  const nowhere = central[0]!
  steps[nowhere] = 0
  return nowhere
}

function neighbours({ width }: Board, place: number): number[] {
  return [place - width, place - 1, place + 1, place + width]
}

function farthest(board: Board, from: number, steps: Int32Array): number {
  return board.order[board.search(from, steps) - 1]!
}

/** Turns the first `walls` cells of a random order into walls, the others into free cells. */
function scatterWalls({ open, places }: Board, order: Int32Array, walls: number, random: Random): void {
  for (let i = 0, chance = 0; i < walls; i++) {
    // The 53 bits of one number suffice for three draws.
    chance = (i % 3 === 0 ? random.float() : chance % 1) * (order.length - i)
    const j = i + Math.floor(chance)
    const cell = order[j]!
    order[j] = order[i]!
    order[i] = cell
    open[places[cell]!] = 0
  }
  for (let i = walls; i < order.length; i++) open[places[order[i]!]!] = 1
}

function toMaze(board: Board, start: number, goal: number, steps: Int32Array): Maze {
  const { places, open } = board
  const input = Uint8Array.from(places, (place) => (open[place] === 1 ? FREE : WALL))
  input[board.cellAt(start)] = START
  input[board.cellAt(goal)] = GOAL
  board.search(goal, steps)
  return { input, label: markPath(board, steps, start, input.slice()), length: steps[start]! + 1 }
}

/** Returns the fewest and most walls for a share; at least one count is possible, and S and G stay free. */
function wallCounts(cells: number, least: number, greatest: number): [fewest: number, most: number] {
  const fewest = Math.min(Math.ceil(least * cells), cells - 2)
  return [fewest, Math.max(fewest, Math.min(Math.floor(greatest * cells), cells - 2))]
}

// A path without shortcuts has at most 3 cells in each 2×2 square.
function longestPath({ size, walls }: GenerateOptions): number {
  const squares = Math.floor(size / 2) ** 2
  const rest = size * size - 4 * squares
  return Math.min(3 * squares + rest, size * size - wallCounts(size * size, ...walls)[0])
}

function checkWish(options: GenerateOptions): void {
  const longest = longestPath(options)
  if (options.minPath > longest)
    throw new UserError({
      where: 'key minPath',
      expected: `at most ${longest}: no shortest path can be longer on ${describe(options)}`,
      found: String(options.minPath),
      exitCode: 2,
    })
}

function describe({ size, walls: [least, greatest] }: GenerateOptions): string {
  return `${size}×${size} cells with ${Math.round(least * 100)}–${Math.round(greatest * 100)} % walls`
}

function tooFew(options: GenerateOptions, split: 'train' | 'test', got: number): UserError {
  return new UserError({
    where: `key ${split}`,
    expected: `${options[split]} different mazes of ${describe(options)} and a shortest path of ${options.minPath} or more`,
    found: `${got}, and none in ${GIVE_UP} further attempts`,
    todo: 'Ask for fewer mazes, or for a smaller minPath.',
  })
}
