import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../lib/random.js'
import { type ValueGrid, variogramExponent } from '../../lib/statistics/variogram.js'

const gridOf = (grid: number, value: (row: number, column: number) => number): ValueGrid => ({
  grid,
  values: Float64Array.from({ length: grid * grid }, (_, i) => value(Math.floor(i / grid), i % grid)),
})

test('the variogram exponent of a slope is 1', () => {
  const found = variogramExponent(gridOf(32, (row, column) => 3 * row - column))
  assert.ok(found !== null && Math.abs(found - 1) < 1e-9, String(found))
})

test('the sum of two independent random walks, across and down, has an exponent of about a half', () => {
  const random = Random.of(2)
  const walk = (): number[] => {
    let at = 0
    return Array.from({ length: 128 }, () => {
      at += random.normal()
      return at
    })
  }
  const [down, across] = [walk(), walk()]
  const found = variogramExponent(gridOf(128, (row, column) => down[row]! + across[column]!))
  assert.ok(found !== null && Math.abs(found - 0.5) < 0.15, String(found))
})

test('noise is saturated at every distance, and has no exponent; neither has a constant', () => {
  const random = Random.of(1)
  assert.equal(variogramExponent(gridOf(32, () => random.normal())), null)
  assert.equal(variogramExponent(gridOf(32, () => 4)), null)
})

test('censored points are left out, and more than 1 % of them leave no exponent', () => {
  const slope = gridOf(32, (row, column) => (row === 5 && column === 5 ? 1e6 : row + column))
  const censored = (count: number): Uint8Array =>
    Uint8Array.from({ length: 1024 }, (_, i) => Number(i === 165 || i < count - 1))
  assert.ok(Math.abs(variogramExponent({ ...slope, censored: censored(1) })! - 1) < 1e-9)
  assert.equal(variogramExponent({ ...slope, censored: censored(20) }), null)
  assert.throws(() => variogramExponent({ grid: 3, values: [1] }), /expected 3² values/)
})
