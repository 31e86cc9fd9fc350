import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Split, singletonStarts } from '../../lib/data/dataset.js'
import { Random } from '../../lib/random.js'
import { sudokuAugment } from '../../lib/tasks/sudoku/augment.js'
import { type Box, geometry } from '../../lib/tasks/sudoku/box.js'
import { canonicalForm } from '../../lib/tasks/sudoku/canonical.js'
import { drawGrid, drawPuzzle } from '../../lib/tasks/sudoku/generate.js'
import { twinInvariant } from '../../lib/tasks/sudoku/invariant.js'
import { isSolution, isSolvedGrid } from '../../lib/tasks/sudoku/rules.js'
import { applySymmetry, drawSymmetry, identity } from '../../lib/tasks/sudoku/symmetry.js'
import { toTokens } from '../../lib/tasks/sudoku/tokens.js'
import fc from '../fast-check.js'

const boxes: Box[] = [
  [2, 2],
  [2, 3],
  [3, 3],
]
const anyBox = fc.constantFrom(...boxes)

/** A grid with a random part of its cells given; whether the solution is the only one does not matter here. */
function randomPuzzle(box: Box, random: Random): { clues: Uint8Array; solution: Uint8Array } {
  const solution = drawGrid(geometry(box), random)
  return { clues: solution.map((digit) => (random.int(3) === 0 ? digit : 0)), solution }
}

function changed(box: Box, values: Uint8Array, seed: number): Uint8Array {
  const grid = geometry(box)
  const symmetry = identity(grid)
  drawSymmetry(Random.of(seed), grid, symmetry)
  const into = new Uint8Array(grid.cells)
  applySymmetry(symmetry, grid, values, 0, into, 0)
  return into
}

test('a random symmetry keeps a full grid valid', () => {
  fc.assert(
    fc.property(anyBox, fc.nat(), fc.nat(), (box, gridSeed, seed) => {
      const grid = drawGrid(geometry(box), Random.of(gridSeed))
      assert.ok(isSolvedGrid(grid, box))
      assert.ok(isSolvedGrid(changed(box, grid, seed), box))
    }),
  )
})

test('twins have the same invariant and the same canonical form', () => {
  fc.assert(
    fc.property(anyBox, fc.nat(), fc.nat(), (box, puzzleSeed, seed) => {
      const grid = geometry(box)
      const { clues, solution } = randomPuzzle(box, Random.of(puzzleSeed))
      const twin = { clues: changed(box, clues, seed), solution: changed(box, solution, seed) }
      assert.equal(twinInvariant(grid, twin.clues), twinInvariant(grid, clues))
      assert.equal(canonicalForm(grid, twin.clues, twin.solution), canonicalForm(grid, clues, solution))
    }),
    { numRuns: 60 },
  )
})

test('the canonical form is itself a twin, and moving one clue leaves the class', () => {
  fc.assert(
    fc.property(fc.constantFrom(...boxes.slice(1)), fc.nat(), (box, seed) => {
      const grid = geometry(box)
      const { clues, solution } = randomPuzzle(box, Random.of(seed))
      const form = canonicalForm(grid, clues, solution)
      const [full, given] = form.split(':') as [string, string]
      const canonical = { clues: Uint8Array.from(given, Number), solution: Uint8Array.from(full, Number) }
      assert.ok(isSolution(toTokens(canonical.clues), toTokens(canonical.solution), box))
      assert.equal(canonicalForm(grid, canonical.clues, canonical.solution), form)
      const blank = clues.indexOf(0)
      const more = clues.slice()
      more[blank] = solution[blank]!
      assert.notEqual(canonicalForm(grid, more, solution), form)
    }),
    { numRuns: 30 },
  )
})

test('there are as many classes of full grids as is known: 2 at 4×4', () => {
  const grid = geometry([2, 2])
  const forms = new Set<string>()
  for (let seed = 0; seed < 200; seed++) {
    const full = drawGrid(grid, Random.of(seed))
    forms.add(canonicalForm(grid, full, full))
  }
  assert.equal(forms.size, 2)
})

test('invariants tell nearly all puzzles apart that are no twins', () => {
  const grid = geometry([3, 3])
  const random = Random.of(1, 'invariants')
  const keys = new Set(Array.from({ length: 500 }, () => twinInvariant(grid, randomPuzzle([3, 3], random).clues)))
  assert.ok(keys.size >= 499, `${keys.size} of 500`)
})

function splitOf(box: Box, count: number): Split {
  const grid = geometry(box)
  const random = Random.of(3, 'augment')
  const inputs: number[] = []
  const labels: number[] = []
  while (labels.length < count * grid.cells) {
    const puzzle = drawPuzzle(grid, Math.ceil(grid.cells * 0.45), random)
    if (!puzzle) continue
    inputs.push(...toTokens(puzzle.clues))
    labels.push(...toTokens(puzzle.solution))
  }
  return {
    name: 'train',
    count,
    seqLen: grid.cells,
    inputs: Uint8Array.from(inputs),
    labels: Uint8Array.from(labels),
    ratings: new Float64Array(count),
    puzzleIds: new Int32Array(count),
    puzzleStarts: singletonStarts(count),
    groupStarts: singletonStarts(count),
  }
}

for (const box of boxes) {
  const { cells } = geometry(box)
  const split = splitOf(box, 3)
  const version = (puzzle: number, seed: number, a: number) => {
    const inputs = new Int32Array(cells + 2)
    const labels = new Int32Array(cells + 2)
    sudokuAugment(box).write(split, puzzle, a, seed, inputs, labels, 1)
    assert.deepEqual([inputs[0], inputs[cells + 1], labels[0], labels[cells + 1]], [0, 0, 0, 0])
    return { inputs: inputs.subarray(1, cells + 1), labels: labels.subarray(1, cells + 1) }
  }

  test(`every version of a ${box.join('x')} puzzle is solved by its labels and has as many clues`, () => {
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.integer({ min: 0, max: 2 ** 31 - 1 }), (puzzle, seed, a) => {
        const { inputs, labels } = version(puzzle, seed, a)
        assert.ok(isSolution(inputs, labels, box))
        const clues = split.inputs.subarray(puzzle * cells, (puzzle + 1) * cells).filter((token) => token > 1).length
        assert.equal(inputs.filter((token) => token > 1).length, clues)
        assert.deepEqual(version(puzzle, seed, a), { inputs, labels })
      }),
    )
  })

  test(`version 0 of a ${box.join('x')} puzzle is the puzzle itself, others differ by seed, puzzle and number`, () => {
    assert.deepEqual([...version(1, 5, 0).inputs], [...split.inputs.subarray(cells, 2 * cells)])
    assert.deepEqual([...version(1, 5, 0).labels], [...split.labels.subarray(cells, 2 * cells)])
    const texts = new Set<string>()
    for (let a = 0; a < 100; a++) texts.add(version(0, 5, a).inputs.join(' '))
    assert.ok(texts.size > 95, `${texts.size} of 100 versions differ`)
    assert.notDeepEqual(version(0, 5, 1), version(0, 6, 1))
  })
}

test('6×6 grids are never transposed, square boxes half of the time', () => {
  for (const box of boxes) {
    const grid = geometry(box)
    const symmetry = identity(grid)
    let transposed = 0
    for (let seed = 0; seed < 400; seed++) {
      drawSymmetry(Random.of(seed), grid, symmetry)
      if (symmetry.transpose) transposed++
    }
    if (grid.square) assert.ok(transposed > 150 && transposed < 250, String(transposed))
    else assert.equal(transposed, 0)
  }
})

test('every order of rows that keeps bands together is drawn about equally often', () => {
  const grid = geometry([2, 2])
  const symmetry = identity(grid)
  const counts = new Map<string, number>()
  for (let seed = 0; seed < 4000; seed++) {
    drawSymmetry(Random.of(seed, 'rows'), grid, symmetry)
    const rows = symmetry.rows.join('')
    counts.set(rows, (counts.get(rows) ?? 0) + 1)
  }
  assert.equal(counts.size, 8)
  for (const [rows, count] of counts) assert.ok(count > 400 && count < 600, `${rows}: ${count}`)
})
