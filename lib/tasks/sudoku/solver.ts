import { bitCount } from './bits.js'
import { type Box, type Geometry, geometry } from './box.js'
import { createCandidates } from './candidates.js'

/** The result of a search. */
export interface Solved {
  /** Solutions met, counted up to the limit. */
  readonly solutions: number
  /** Contradictions met, each of which takes a guess back; in a search for two solutions this is a puzzle's rating. */
  readonly backtracks: number
  /** `[cells]` digits 1…side of the first solution; null when there is none. */
  readonly solution: Uint8Array | null
}

/** An exact solver for one size of grid; it reuses its memory from one puzzle to the next. */
export interface Solver {
  /**
   * Solves a puzzle.
   *
   * @param puzzle `[cells]` digits, 0 where blank
   * @param limit stop after so many solutions: 2 (default) tells whether there is exactly one
   */
  solve(puzzle: ArrayLike<number>, limit?: number): Solved
}

const solvers = new Map<Geometry, Solver>()

/** The solver for a box. */
export function solverFor(box: Box): Solver {
  const grid = geometry(box)
  let solver = solvers.get(grid)
  if (!solver) {
    solver = createSolver(grid)
    solvers.set(grid, solver)
  }
  return solver
}

/**
 * Depth-first search, a copy of the state per guess, propagation ({@link createCandidates}) after each. It guesses in
 * a cell with two candidates, of several in the one whose neighbours it narrows most.
 */
function createSolver(grid: Geometry): Solver {
  const { side } = grid
  const { words, levelWords, bands, bandBits, peers, start, place, propagate, copy, read } = createCandidates(grid)
  const pairs = new Int32Array(bands)
  let limit = 2
  let solutions = 0
  let backtracks = 0
  let solution: Uint8Array | null = null

  /** A cell with two candidates, else the most constrained of the first open band, as band · 32 + bit, or -1 when all are placed. */
  function chooseCell(level: number): number {
    const base = level * levelWords
    let anyPair = 0
    let open = 0
    let openBand = -1
    let fewest = side + 1
    for (let band = 0; band < bands; band++) {
      let once = 0
      let twice = 0
      let thrice = 0
      for (let w = base + band; w < base + levelWords; w += bands) {
        const c = words[w]!
        thrice |= twice & c
        twice |= once & c
        once |= c
      }
      pairs[band] = twice & ~thrice
      anyPair |= pairs[band]!
      if (twice !== 0 && openBand < 0) {
        open = twice
        openBand = band
      }
    }
    if (openBand < 0) return -1
    if (anyPair !== 0) return choosePair(base)
    let best = 0
    for (; open !== 0; open &= open - 1) {
      const bit = open & -open
      let count = 0
      for (let w = base + openBand; w < base + levelWords; w += bands) if (words[w]! & bit) count++
      if (count < fewest) {
        fewest = count
        best = 31 - Math.clz32(bit)
      }
    }
    return openBand * 32 + best
  }

  /** The cell with two candidates that are candidates of most neighbours, those with two counting threefold. */
  function choosePair(base: number): number {
    let best = -1
    let most = -1
    for (let band = 0; band < bands; band++)
      for (let open = pairs[band]!; open !== 0; open &= open - 1) {
        const i = 31 - Math.clz32(open & -open)
        const cell = band * bandBits + i
        let score = 0
        for (let w = base; w < base + levelWords; w += bands) {
          if ((words[w + band]! & (1 << i)) === 0) continue
          for (let b = 0; b < bands; b++) {
            const narrowed = words[w + b]! & peers[cell * bands + b]!
            score += bitCount(narrowed) + 2 * bitCount(narrowed & pairs[b]!)
          }
        }
        if (score > most) {
          most = score
          best = band * 32 + i
        }
      }
    return best
  }

  /** Searches below a propagated level. True: the limit is reached. */
  function search(level: number): boolean {
    for (;;) {
      const chosen = chooseCell(level)
      if (chosen < 0) {
        solutions++
        if (solutions === 1) solution = read(level)
        return solutions >= limit
      }
      const band = chosen >> 5
      const bit = 1 << (chosen & 31)
      const last = guessAllButLast(level, band, bit)
      if (last < 0) return true
      // The last digit left is no guess: it needs no copy of the state.
      place(level, last, band, bit)
      if (!propagate(level)) {
        backtracks++
        return false
      }
    }
  }

  /** Tries every digit of a cell but the last, which it returns; -1: the limit is reached. */
  function guessAllButLast(level: number, band: number, bit: number): number {
    const base = level * levelWords
    let last = -1
    for (let digit = 0; digit < side; digit++) {
      if ((words[base + digit * bands + band]! & bit) === 0) continue
      if (last >= 0) {
        copy(level)
        place(level + 1, last, band, bit)
        if (!propagate(level + 1)) backtracks++
        else if (search(level + 1)) return -1
      }
      last = digit
    }
    return last
  }

  return {
    solve(puzzle, upTo = 2) {
      limit = upTo
      solutions = 0
      backtracks = 0
      solution = null
      if (start(puzzle) && propagate(0)) search(0)
      return { solutions, backtracks, solution }
    },
  }
}
