import { puzzleList } from '../../data/puzzles.js'
import type { Box } from './box.js'
import { geometry } from './box.js'
import { readRows } from './read.js'
import { solverFor } from './solver.js'

/** Result of solving every puzzle of a file, checked and timed. */
export interface FileSolved {
  readonly puzzles: number
  /** Number of puzzles with at least one solution. */
  readonly solved: number
  /** Number of puzzles with exactly one solution. */
  readonly unique: number
  /** Number of puzzles with an answer in the file. */
  readonly answers: number
  /** Number of puzzles whose answer is the unique solution. */
  readonly agreeing: number
  /** Mean backtracks per puzzle, including the proof of uniqueness. */
  readonly backtracks: number
  /** Puzzles solved per second, single-threaded. */
  readonly perSecond: number
  /** Puzzles solved and proved unique per second. */
  readonly uniquePerSecond: number
  /** Lines that are unsolvable, not unique, or disagree with their answer. */
  readonly failures: readonly { readonly line: number; readonly reason: string }[]
}

/**
 * Solves every puzzle of a list or CSV and compares the answers given. The rates are then measured for `measureMs`
 * milliseconds each (default 1,000), cycling through the file, after the checking pass has served as warm-up.
 *
 * @throws UserError with file and line of anything that is not a puzzle.
 */
export async function solveFile(file: string, box: Box, measureMs = 1000): Promise<FileSolved> {
  const grid = geometry(box)
  const solver = solverFor(box)
  const list = puzzleList(grid)
  const noAnswer = new Uint8Array(grid.cells)
  let answers = 0
  await readRows(grid, file, file.toLowerCase().endsWith('.csv') ? 'csv' : 'list', false, ({ clues, answer, line }) => {
    if (answer !== null) answers++
    list.push({ clues, solution: answer ?? noAnswer, rating: 0, line })
  })
  const failures: { line: number; reason: string }[] = []
  let solved = 0
  let unique = 0
  let agreeing = 0
  let backtracks = 0
  for (let i = 0; i < list.count; i++) {
    const { clues, solution: answer, line } = list.at(i)
    const found = solver.solve(clues)
    backtracks += found.backtracks
    if (found.solution === null) {
      failures.push({ line, reason: 'no solution' })
      continue
    }
    solved++
    if (found.solutions > 1) failures.push({ line, reason: 'several solutions' })
    else unique++
    if (answer[0] === 0) continue
    if (found.solution.every((digit, cell) => digit === answer[cell])) agreeing++
    else if (found.solutions === 1) failures.push({ line, reason: `the answer is ${found.solution.join('')}` })
  }
  const rate = (limit: number): number => {
    const start = performance.now()
    let done = 0
    for (; performance.now() - start < measureMs; done++) solver.solve(list.at(done % list.count).clues, limit)
    return (done / (performance.now() - start)) * 1000
  }
  return {
    puzzles: list.count,
    solved,
    unique,
    answers,
    agreeing,
    backtracks: backtracks / list.count,
    perSecond: rate(1),
    uniquePerSecond: rate(2),
    failures,
  }
}
