/** One puzzle with its answer. */
export interface Puzzle {
  /** `[cells]` digits, 0 blank. */
  readonly clues: Uint8Array
  /** `[cells]` digits. */
  readonly solution: Uint8Array
  /** Backtracks of a solver. */
  readonly rating: number
  /** Where it was read; 0 for a generated one. */
  readonly line: number
}

/** Puzzles in a row, packed: millions fit. */
export interface PuzzleList {
  readonly count: number
  push(puzzle: Puzzle): void
  /** Views into the list, not copies; invalid after the next `push`. */
  at(index: number): Puzzle
}

/** An empty list that grows. */
export function puzzleList({ cells }: { readonly cells: number }): PuzzleList {
  let count = 0
  let digits = new Uint8Array(2 * cells * 64)
  let numbers = new Float64Array(2 * 64)
  return {
    get count() {
      return count
    },
    push({ clues, solution, rating, line }) {
      if ((count + 1) * 2 > numbers.length) {
        digits = grown(digits, new Uint8Array(digits.length * 2))
        numbers = grown(numbers, new Float64Array(numbers.length * 2))
      }
      digits.set(clues, 2 * cells * count)
      digits.set(solution, 2 * cells * count + cells)
      numbers[2 * count] = rating
      numbers[2 * count + 1] = line
      count++
    },
    at(index) {
      if (!(index >= 0 && index < count)) throw new RangeError(`no puzzle ${index} in a list of ${count}`)
      const start = 2 * cells * index
      return {
        clues: digits.subarray(start, start + cells),
        solution: digits.subarray(start + cells, start + 2 * cells),
        rating: numbers[2 * index]!,
        line: numbers[2 * index + 1]!,
      }
    },
  }
}

function grown<T extends Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}
