/** One puzzle with its answer. */
export interface Puzzle {
  /** `[cells]` clues: Sudoku digits with 0 for blank; tokens of a maze. */
  readonly clues: Uint8Array
  /** `[cells]` the answer, in the same encoding. */
  readonly solution: Uint8Array
  /** Difficulty: backtracks of a solver, cells of a path, or the rating of the file. */
  readonly rating: number
  /** Line of the source file; 0 for a generated puzzle. */
  readonly line: number
}

/** An indexed sequence of puzzles. */
export interface Puzzles {
  readonly count: number
  /** Returns a view, not a copy. @throws RangeError when the index is out of range. */
  at(index: number): Puzzle
}

/** A growable packed sequence of puzzles: millions fit. */
export interface PuzzleList extends Puzzles {
  /** Appends a copy. */
  push(puzzle: Puzzle): void
}

/** Puzzles per block. A list grows by blocks, so that growth copies nothing and wastes at most one block. */
const BLOCK = 1024

interface Block {
  readonly cells: Uint8Array
  /** Rating and line of each puzzle. */
  readonly numbers: Float64Array
}

/** Returns an empty growable list. */
export function puzzleList({ cells }: { readonly cells: number }): PuzzleList {
  let count = 0
  const blocks: Block[] = []
  return {
    get count() {
      return count
    },
    push({ clues, solution, rating, line }) {
      const place = count++ % BLOCK
      if (place === 0) blocks.push({ cells: new Uint8Array(2 * cells * BLOCK), numbers: new Float64Array(2 * BLOCK) })
      const block = blocks.at(-1)!
      block.cells.set(clues, 2 * cells * place)
      block.cells.set(solution, 2 * cells * place + cells)
      block.numbers[2 * place] = rating
      block.numbers[2 * place + 1] = line
    },
    at(index) {
      if (!(index >= 0 && index < count)) throw new RangeError(`no puzzle ${index} in a list of ${count}`)
      const block = blocks[Math.floor(index / BLOCK)]!
      const place = index % BLOCK
      const start = 2 * cells * place
      return {
        clues: block.cells.subarray(start, start + cells),
        solution: block.cells.subarray(start + cells, start + 2 * cells),
        rating: block.numbers[2 * place]!,
        line: block.numbers[2 * place + 1]!,
      }
    },
  }
}

/** Returns a view of some puzzles of a list, in the given order. */
export function pick(list: Puzzles, numbers: Int32Array): Puzzles {
  return { count: numbers.length, at: (index) => list.at(numbers[index] ?? -1) }
}
