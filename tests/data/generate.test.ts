import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dataset, Split } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { splitOverlap } from '../../lib/storage/overlap.js'
import { type Box, geometry } from '../../lib/tasks/sudoku/box.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { canonicalForm } from '../../lib/tasks/sudoku/canonical.js'
import type { SudokuOptions } from '../../lib/tasks/sudoku/options.js'
import { isSolution } from '../../lib/tasks/sudoku/rules.js'
import { solverFor } from '../../lib/tasks/sudoku/solver.js'
import fc from '../fast-check.js'

function rows(split: Split): { inputs: Uint8Array; labels: Uint8Array }[] {
  const { seqLen } = split
  return Array.from({ length: split.count }, (_, i) => ({
    inputs: split.inputs.subarray(i * seqLen, (i + 1) * seqLen),
    labels: split.labels.subarray(i * seqLen, (i + 1) * seqLen),
  }))
}

function checkPuzzles(data: Dataset, box: Box, clues: number): void {
  const texts = new Set<string>()
  for (const split of [data.train, data.test])
    for (const { inputs, labels } of rows(split)) {
      assert.equal(inputs.filter((token) => token > 1).length, clues)
      assert.ok(isSolution(inputs, labels, box))
      const { solutions } = solverFor(box).solve(inputs.map((token) => token - 1))
      assert.equal(solutions, 1)
      texts.add(inputs.join(' '))
    }
  assert.equal(texts.size, data.train.count + data.test.count, 'a puzzle occurs twice')
}

test('4×4: any seed gives the asked number of different puzzles with one solution and exactly the clues', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 4, max: 12 }), async (seed, clues) => {
      const data = await sudoku({ box: '2x2', clues, train: 20, test: 10, seed })
      assert.deepEqual(data.manifest.counts, { train: 20, test: 10 })
      assert.deepEqual([data.manifest.vocabSize, data.manifest.seqLen], [6, 16])
      checkPuzzles(data, [2, 2], clues)
    }),
    { numRuns: 20 },
  )
})

for (const [name, box, clues] of [
  ['6×6', [2, 3], 14],
  ['9×9', [3, 3], 28],
] as const)
  test(`${name}: no two puzzles are twins, in one split or across both`, async () => {
    const data = await sudoku({ box: [...box], clues, train: 30, test: 30, seed: 1 })
    checkPuzzles(data, box, clues)
    const forms = [data.train, data.test].flatMap(rows).map(({ inputs, labels }) =>
      canonicalForm(
        geometry(box),
        inputs.map((token) => token - 1),
        labels.map((token) => token - 1),
      ),
    )
    assert.equal(new Set(forms).size, 60)
    assert.match(data.manifest.disjoint, /nor does a relabelled or permuted twin/)
    assert.deepEqual(splitOverlap(data), { literal: 0, twins: 0 })
  })

test('4×4: the manifest says that twins may occur, and they do', async () => {
  const data = await sudoku({ box: '2x2', clues: 5, train: 200, test: 300, seed: 0 })
  assert.match(data.manifest.disjoint, /twins may/)
  const { literal, twins } = splitOverlap(data)
  assert.equal(literal, 0)
  assert.ok(twins !== null && twins > 100, String(twins))
})

test('the test split does not depend on how many puzzles are trained on', async () => {
  const few = await sudoku({ train: 10, test: 50, seed: 4 })
  const many = await sudoku({ train: 100, test: 50, seed: 4 })
  assert.deepEqual(few.test, many.test)
  assert.notEqual(few.hash, many.hash)
})

test('the same options give the same data set, other seeds another', async () => {
  const options: SudokuOptions = { box: [2, 3], clues: 16, train: 10, test: 10, seed: 3 }
  const [a, b, c] = [await sudoku(options), await sudoku(options), await sudoku({ ...options, seed: 4 })]
  assert.deepEqual(a.manifest, b.manifest)
  assert.equal(a.hash, b.hash)
  assert.notEqual(a.hash, c.hash)
})

const refused: [string, unknown, RegExp][] = [
  ['an unknown key', { clus: 5 }, /^key clus: .*Did you mean clues\?/],
  ['a hostile key', JSON.parse('{"__proto__": 1}'), /^key __proto__: /],
  ['a box that is none', { box: [4, 4] }, /^key box: expected one of 2x2, 2x3, 3x3, found 4x4/],
  ['a box that is a word', { box: 'big' }, /^key box: expected one of 2x2, 2x3, 3x3 .*found "big"/],
  ['an upright box', { box: [3, 2] }, /^key box: .*found 3x2/],
  ['too few clues for one solution', { box: '3x3', clues: 16 }, /^key clues: expected 17 to 80 .*found 16/],
  ['a full grid', { clues: 16 }, /^key clues: expected 4 to 15 on a 4×4 grid, found 16/],
  ['a part of a clue', { clues: 5.5 }, /^key clues: expected a whole number .*found 5.5/],
  ['a negative number', { train: -1 }, /^key train: expected at least 0 .*found -1/],
  ['no puzzles at all', { train: 0, test: 0 }, /^keys train, test: /],
  ['a text for a number', { seed: 'one' }, /^key seed: .*found "one"/],
  [
    'a file and a number of clues',
    { csv: 'a.csv', train: 1, clues: 5 },
    /^key clues: expected clues or csv, found both/,
  ],
  [
    'two files of different kinds',
    { csv: 'a.csv', list: 'b', train: 1 },
    /^key list: expected list or csv, found both/,
  ],
  ['a test file alone', { testCsv: 'a.csv' }, /^key testCsv: expected csv beside it/],
  ['a rating without a file', { minRating: 1 }, /^key minRating: expected csv or list beside it/],
  ['a file without a number', { list: 'a.txt' }, /^keys train, test: /],
]
for (const [what, options, message] of refused)
  test(`${what} is refused by name`, async () => {
    await assert.rejects(sudoku(options as SudokuOptions), (error: unknown) => {
      assert.ok(error instanceof UserError)
      assert.match(error.message, message)
      assert.equal(error.exitCode, 2)
      return true
    })
  })

test('more puzzles than there are is an error that says how many were found', async () => {
  // A puzzle with 15 clues is one of 288 grids without one of its 16 cells.
  await assert.rejects(
    sudoku({ clues: 15, train: 288 * 16 + 1, test: 0 }),
    /key train: expected 4609 different 4×4 puzzles with 15 clues, found \d+, and none in 2000 further attempts/,
  )
})
