import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimate, wilson } from '../../lib/statistics/estimate.js'
import { intervalText, plusMinus, pText, rounded } from '../../lib/statistics/rounding.js'

/** Relative tolerance: the quantiles of jstat have nine digits. */
const near = (actual: number | null, expected: number): void =>
  assert.ok(Math.abs(actual! - expected) <= 1e-7 * Math.max(1, Math.abs(expected)), `${actual} for ${expected}`)

// scipy 1.17.1: stats.t.interval(0.95, n - 1, mean, stats.sem(x)); stats.binomtest(k, n).proportion_ci(method="wilson").
test("a mean of seeds has scipy's t interval", () => {
  const { value, sd, low, high, n, method } = estimate([97.7, 94.3, 97.7])
  near(value, 96.56666666666666)
  near(sd, 1.962990915244725)
  near(low, 91.69032690628393)
  near(high, 101.4430064270494)
  assert.deepEqual([n, method], [3, 't'])
})

test('one seed has a mean without an interval', () => {
  assert.deepEqual(estimate([50]), { value: 50, n: 1, sd: null, low: null, high: null, method: null, level: 0.95 })
})

test('seeds without variance have an interval of no width', () => {
  const { low, high, sd } = estimate([4, 4, 4])
  assert.deepEqual([low, high, sd], [4, 4, 0])
})

test("a share of puzzles has Wilson's interval, inside 0 and 1", () => {
  const { low, high } = wilson(87, 100)
  near(low, 0.7901964855992357)
  near(high, 0.9224283257275948)
  assert.equal(wilson(0, 10).low, 0)
  assert.equal(wilson(10, 10).high, 1)
})

test('a bootstrap with one seed gives one interval, inside the range of the values', () => {
  const values = [1, 2, 4, 8, 16]
  const made = estimate(values, { interval: 'bootstrap', seed: 1 })
  assert.deepEqual(made, estimate(values, { interval: 'bootstrap', seed: 1 }))
  assert.ok(made.low! >= 1 && made.high! <= 16 && made.low! < made.value && made.value < made.high!)
})

test('an estimate of nothing, of NaN or at a level of 95 is refused', () => {
  assert.throws(() => estimate([]), /at least one value/)
  assert.throws(() => estimate([1, Number.NaN]), /NaN/)
  assert.throws(() => estimate([1, 2], { level: 95 }), /between 0 and 1/)
})

test('an uncertainty is rounded to two digits and the value to match', () => {
  assert.equal(plusMinus(87.432, 2.13), '87.4 ± 2.1')
  assert.equal(plusMinus(1234, 312), '1230 ± 310')
  assert.equal(plusMinus(0.012345, 0.00099), '0.01235 ± 0.00099')
  assert.equal(plusMinus(0.5, 0.0996), '0.50 ± 0.10')
  assert.equal(plusMinus(-0.001, 0.3), '0.00 ± 0.30')
  assert.equal(plusMinus(96.5666), '96.6')
  assert.deepEqual(rounded(100, 0), { value: '100', uncertainty: '0' })
})

test('an interval is rounded as its half width is, and a p value to two digits', () => {
  assert.equal(intervalText({ low: 85.312, high: 89.57 }), '85.3 to 89.6')
  assert.equal(intervalText({ low: 1234, high: 1858 }), '1230 to 1860')
  assert.equal(intervalText({ low: 50, high: 50 }), '50.0 to 50.0')
  assert.equal(intervalText({ low: null, high: null }), null)
  assert.deepEqual([0.0123, 0.0009, 0.456, 1].map(pText), ['p = 0.012', 'p < 0.001', 'p = 0.46', 'p = 1.0'])
})
