import { type Board, createBoard } from './board.js'
import { FREE, GOAL, PATH, START, WALL } from './tokens.js'

/** A maze with a shortest path marked. */
export interface SolvedMaze {
  /** `[size²]` tokens: the maze with `o` on the free cells of the path. */
  readonly label: Uint8Array
  /** Cells of the path, S and G counted. */
  readonly length: number
}

/**
 * Solves a maze. Of several shortest paths it marks the one that Maze-Hard marks: from S on, at every fork down before
 * left before right before up. (All 2,000 labels of the real data set follow this rule.)
 *
 * @param input `[size²]` tokens with one S and one G
 * @returns null when G cannot be reached
 */
export function solveMaze(input: ArrayLike<number>, size: number): SolvedMaze | null {
  const { board, steps } = scratch(size)
  const [start, goal] = layOut(board, input)
  if (start === undefined || goal === undefined) return null
  board.search(goal, steps)
  const far = steps[start]!
  if (far < 0) return null
  return { label: markPath(board, steps, start, Uint8Array.from(input)), length: far + 1 }
}

/**
 * Marks the path that {@link solveMaze} gives in `label`.
 *
 * @param steps steps from every place of the board to G
 */
export function markPath({ width, cellAt }: Board, steps: Int32Array, start: number, label: Uint8Array): Uint8Array {
  const ways = [width, -1, 1, -width]
  for (let place = start; steps[place]! > 1; ) {
    place += ways.find((way) => steps[place + way] === steps[place]! - 1)!
    label[cellAt(place)] = PATH
  }
  return label
}

/**
 * Whether a label solves a maze: equal to it but for `o` on free cells, and these, with S and G, are a shortest path.
 * It need not be the path that {@link solveMaze} marks.
 */
export function isShortestPath(input: ArrayLike<number>, label: ArrayLike<number>, size: number): boolean {
  return pathFault(input, label, size) === null
}

/** The fault of a label: a cell that it changes, or its path; null when it is right. */
export type PathFault =
  | { readonly kind: 'changed'; readonly cell: number }
  | { readonly kind: 'unreachable' }
  /** `marked` cells, S and G counted, where a shortest path has `length`; -1: they are no path at all. */
  | { readonly kind: 'path'; readonly marked: number; readonly length: number }

/** Compares a label with its maze, which has one S and one G. */
export function pathFault(input: ArrayLike<number>, label: ArrayLike<number>, size: number): PathFault | null {
  const { board, steps } = scratch(size)
  const cells = size * size
  let marked = 2
  for (let cell = 0; cell < cells; cell++) {
    if (label[cell] === PATH && input[cell] === FREE) marked++
    else if (label[cell] !== input[cell]) return { kind: 'changed', cell }
  }
  const [start, goal] = layOut(board, input)
  if (start === undefined || goal === undefined) return { kind: 'unreachable' }
  board.search(start, steps)
  const far = steps[goal]!
  if (far < 0) return { kind: 'unreachable' }
  // Walking only on marked cells must take as many steps as there are of them, and as few as walking anywhere.
  const walk = walkMarked(board, label, start, goal, steps)
  if (walk === marked && marked === far + 1) return null
  return { kind: 'path', marked: walk === marked ? marked : -1, length: far + 1 }
}

/** Cells of the walk from S to G over marked cells only; -1 when there is none. */
function walkMarked(board: Board, label: ArrayLike<number>, start: number, goal: number, steps: Int32Array): number {
  const { open, places } = board
  for (let cell = 0; cell < places.length; cell++) open[places[cell]!] = label[cell] === PATH ? 1 : 0
  open[start] = 1
  open[goal] = 1
  board.search(start, steps)
  return steps[goal]! < 0 ? -1 : steps[goal]! + 1
}

/** Puts a maze onto a board. @returns the places of S and G */
function layOut(
  { open, places }: Board,
  input: ArrayLike<number>,
): [start: number | undefined, goal: number | undefined] {
  let start: number | undefined
  let goal: number | undefined
  for (let cell = 0; cell < places.length; cell++) {
    const token = input[cell]
    open[places[cell]!] = token === WALL ? 0 : 1
    if (token === START) start = places[cell]!
    else if (token === GOAL) goal = places[cell]!
  }
  return [start, goal]
}

const scratches = new Map<number, { board: Board; steps: Int32Array }>()

function scratch(size: number): { board: Board; steps: Int32Array } {
  const found = scratches.get(size)
  if (found) return found
  const board = createBoard(size)
  const made = { board, steps: board.distances() }
  scratches.set(size, made)
  return made
}
