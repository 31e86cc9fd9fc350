/** One puzzle with its answer. */
export interface Puzzle {
  /** `[cells]` what is given: digits of a Sudoku, 0 blank; tokens of a maze. */
  readonly clues: Uint8Array
  /** `[cells]` the answer in the same terms. */
  readonly solution: Uint8Array
  /** Difficulty: backtracks of a solver, cells of a path, or what the file says. */
  readonly rating: number
  /** Where it was read; 0 for a generated one. */
  readonly line: number
}

/** Puzzles in a row. */
export interface Puzzles {
  readonly count: number
  /** A view, not a copy. @throws RangeError when there is no such puzzle. */
  at(index: number): Puzzle
}

/** Puzzles in a row, packed: millions fit. */
export interface PuzzleList extends Puzzles {
  /** Takes a copy. */
  push(puzzle: Puzzle): void
}

/** Puzzles in a block: a list grows by blocks, so that nothing is copied and no more than one is empty. */
const BLOCK = 1024

interface Block {
  readonly cells: Uint8Array
  /** Rating and line of each. */
  readonly numbers: Float64Array
}

/** An empty list that grows. */
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

/** Some puzzles of a list, in another order. */
export function pick(list: Puzzles, numbers: Int32Array): Puzzles {
  return { count: numbers.length, at: (index) => list.at(numbers[index] ?? -1) }
}
