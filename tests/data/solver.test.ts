import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Random } from '../../lib/random.js'
import { type Box, geometry } from '../../lib/tasks/sudoku/box.js'
import { drawGrid } from '../../lib/tasks/sudoku/generate.js'
import { isSolution, isSolvedGrid } from '../../lib/tasks/sudoku/rules.js'
import { solverFor } from '../../lib/tasks/sudoku/solver.js'
import { toTokens } from '../../lib/tasks/sudoku/tokens.js'
import fc from '../fast-check.js'
import { sharedPath } from '../shared.js'
import { toDigits } from './helpers.js'

const boxes: Box[] = [
  [2, 2],
  [2, 3],
  [3, 3],
]

/** Counts solutions by trying every digit in every cell: slow and plain. */
function countPlainly(puzzle: Uint8Array, box: Box, limit: number): number {
  const { side, cells, boxOf } = geometry(box)
  const cell = puzzle.indexOf(0)
  if (cell < 0) return isSolvedGrid(puzzle, box) ? 1 : 0
  let count = 0
  for (let digit = 1; digit <= side && count < limit; digit++) {
    const clash = Array.from({ length: cells }, (_, i) => i).some((i) => {
      const row = Math.floor(i / side) === Math.floor(cell / side)
      return puzzle[i] === digit && (row || i % side === cell % side || boxOf[i] === boxOf[cell])
    })
    if (clash) continue
    puzzle[cell] = digit
    count += countPlainly(puzzle, box, limit - count)
    puzzle[cell] = 0
  }
  return count
}

test('the 375 hardest puzzles have exactly the solutions that are stated', (t) => {
  const file = sharedPath('data/sudoku-hardest-1106.txt')
  if (!file) return t.skip('no shared data beside the checkout')
  const rows = readFileSync(file, 'utf8').trim().split('\n')
  assert.equal(rows.length, 375)
  for (const row of rows) {
    const [question, answer] = row.trim().split(':') as [string, string]
    const { solutions, solution, backtracks } = solverFor([3, 3]).solve(toDigits(question))
    assert.equal(solutions, 1)
    assert.equal(solution?.join(''), answer)
    assert.ok(backtracks > 0)
  }
})

test('the solver counts up to two solutions as trying everything does', () => {
  const puzzle = fc.record({ seed: fc.nat(), blanks: fc.integer({ min: 0, max: 12 }), wrong: fc.boolean() })
  fc.assert(
    fc.property(fc.constantFrom(...boxes.slice(0, 2)), puzzle, (box, { seed, blanks, wrong }) => {
      const grid = geometry(box)
      const random = Random.of(seed)
      const clues = drawGrid(grid, random)
      for (let i = 0; i < blanks + (grid.side === 6 ? 6 : 0); i++) clues[random.int(grid.cells)] = 0
      if (wrong) clues[random.int(grid.cells)] = 1 + random.int(grid.side)
      const { solutions, solution } = solverFor(box).solve(clues)
      assert.equal(solutions, countPlainly(clues.slice(), box, 2))
      assert.equal(solution !== null, solutions > 0)
      if (solution) assert.ok(isSolution(toTokens(clues), toTokens(solution), box))
    }),
    { numRuns: 300 },
  )
})

test('an empty grid has several solutions, equal clues in sight of each other none', () => {
  for (const box of boxes) {
    const { cells } = geometry(box)
    const solver = solverFor(box)
    assert.equal(solver.solve(new Uint8Array(cells)).solutions, 2)
    assert.equal(solver.solve(new Uint8Array(cells), 1).solutions, 1)
    assert.equal(solver.solve(new Uint8Array(cells), 50).solutions, 50)
    const clash = new Uint8Array(cells)
    clash[0] = 1
    clash[1] = 1
    assert.deepEqual(solver.solve(clash), { solutions: 0, backtracks: 0, solution: null })
  }
})

test('a 4×4 grid has 288 solutions and a 6×6 one 28,200,960 / 720 with its first row fixed, as is known', () => {
  assert.equal(solverFor([2, 2]).solve(new Uint8Array(16), 1000).solutions, 288)
  const first = new Uint8Array(36)
  first.set([1, 2, 3, 4, 5, 6])
  assert.equal(solverFor([2, 3]).solve(first, 100_000).solutions, 39_168)
})

test('a prediction is a solution only if it keeps the clues and every digit is once in each row, column and box', () => {
  const solution = toDigits('1234341221434321')
  const puzzle = solution.map((digit, i) => (i % 3 === 0 ? digit : 0))
  assert.ok(isSolution(toTokens(puzzle), toTokens(solution), [2, 2]))
  const relabelled = solution.map((digit) => (digit === 1 ? 2 : digit === 2 ? 1 : digit))
  assert.ok(isSolvedGrid(relabelled, [2, 2]))
  assert.equal(isSolution(toTokens(puzzle), toTokens(relabelled), [2, 2]), false)
  for (let cell = 0; cell < 16; cell++)
    for (const token of [0, 1, 6, 7]) {
      const wrong = toTokens(solution)
      wrong[cell] = token
      assert.equal(isSolution(toTokens(puzzle), wrong, [2, 2]), false)
    }
  // Rows and columns right, boxes not.
  assert.equal(isSolvedGrid(toDigits('1234234134124123'), [2, 2]), false)
  assert.equal(isSolution(toTokens(puzzle), toTokens(solution).subarray(0, 15), [2, 2]), false)
})
