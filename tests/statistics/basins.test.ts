import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../lib/random.js'
import { basinReport, type LabelGrid, patchPermuted } from '../../lib/statistics/basins.js'

const gridOf = (grid: number, label: (row: number, column: number) => number): LabelGrid => ({
  grid,
  labels: Int32Array.from({ length: grid * grid }, (_, i) => label(Math.floor(i / grid), i % grid)),
})

const near = (a: number | null, b: number, tolerance: number): void =>
  assert.ok(a !== null && Math.abs(a - b) < tolerance, `${a} is not ${b}`)

test('a straight border has the basin entropy of its boxes, an uncertainty exponent of 1, and far less than its null', () => {
  // The border between columns 31 and 32 cuts the boxes 30 to 34 in 2 and 3 columns.
  const { measured, permuted } = basinReport(gridOf(64, (_, column) => (column < 32 ? 0 : 1)))
  const cut = -(0.4 * Math.log(0.4) + 0.6 * Math.log(0.6))
  near(measured.basinEntropy, cut / 12, 1e-12)
  near(measured.boundaryEntropy, cut, 1e-12)
  near(measured.uncertainty, 1, 1e-9)
  assert.ok(measured.basinEntropy < permuted.basinEntropy!.low / 4)
})

test('labels without structure lie inside the range of their null, and have no uncertainty exponent', () => {
  const random = Random.of(1)
  const { measured, permuted } = basinReport(gridOf(40, () => random.int(3)))
  assert.ok(measured.basinEntropy > permuted.basinEntropy!.low - 0.01)
  assert.ok(measured.basinEntropy < permuted.basinEntropy!.high + 0.01)
  assert.equal(measured.uncertainty, null)
})

test('one basin has entropy 0, no boundary and no exponent', () => {
  const { measured, permuted } = basinReport(gridOf(20, () => 3))
  assert.deepEqual(measured, { basinEntropy: 0, boundaryEntropy: null, uncertainty: null })
  assert.deepEqual(permuted.basinEntropy, { mean: 0, low: 0, high: 0 })
  assert.equal(permuted.boundaryEntropy, null)
})

test('permuting patches keeps each patch and the number of every label', () => {
  const labels = gridOf(7, (row, column) => 3 * Math.floor(row / 2) + Math.floor(column / 2))
  const { labels: made } = patchPermuted(labels, 2, Random.of(3))
  assert.deepEqual([...Array.from(made)].sort(), [...Array.from(labels.labels)].sort())
  for (const row of [0, 2, 4])
    for (const column of [0, 2, 4]) {
      const at = 7 * row + column
      assert.deepEqual([made[at + 1], made[at + 7], made[at + 8]], [made[at], made[at], made[at]])
    }
  assert.notDeepEqual(Array.from(made), Array.from(labels.labels))
})

test('a grid that is not square, a box larger than it, and too few permutations are refused', () => {
  assert.throws(() => basinReport({ grid: 3, labels: [1, 2] }), /expected 3² labels/)
  assert.throws(() => basinReport(gridOf(4, () => 1)), /box: expected 1 to 4 points/)
  assert.throws(
    () =>
      basinReport(
        gridOf(9, () => 1),
        { permutations: 3 },
      ),
    /permutations/,
  )
})
