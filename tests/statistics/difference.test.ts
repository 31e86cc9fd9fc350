import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { hedges } from '../../lib/statistics/difference.js'
import { estimate } from '../../lib/statistics/estimate.js'
import { pairedDifference } from '../../lib/statistics/paired.js'
import { mcnemar, pairedProportions, proportionsDifference } from '../../lib/statistics/proportions.js'
import { welchDifference } from '../../lib/statistics/welch.js'

interface Tested {
  readonly a: readonly number[]
  readonly b: readonly number[]
  readonly level: number
  readonly low: number
  readonly high: number
  readonly statistic: number
  readonly p: number
  readonly df: number
  readonly d: number
  readonly corrected: number | null
}

/** Numbers of scipy 1.17.1, computed by `reference.py` beside it. */
const reference = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8')) as {
  readonly paired: readonly Tested[]
  readonly welch: readonly Tested[]
  readonly student: readonly Tested[]
  readonly proportions: readonly (Omit<Tested, 'a' | 'b'> & { a: [number, number]; b: [number, number]; h: number })[]
  readonly mcnemar: readonly {
    counts: [number, number, number, number]
    level: number
    p: number
    low: number
    high: number
  }[]
  readonly bootstrap: readonly { values: readonly number[]; level: number; low: number; high: number }[]
}

/** Relative tolerance 2e-6: jstat's incomplete beta function has seven digits. */
function near(actual: number | null | undefined, expected: number | null, tolerance = 2e-6): void {
  if (expected === null) assert.equal(actual, null)
  else
    assert.ok(
      Math.abs(actual! - expected) <= Math.max(1e-12, tolerance * Math.abs(expected)),
      `${actual} for ${expected}`,
    )
}

function isTested(actual: ReturnType<typeof pairedDifference>, expected: Tested): void {
  const { statistic, p, df, low, high, effect, level } = actual
  assert.equal(level, expected.level)
  near(statistic, expected.statistic)
  near(p, expected.p)
  near(df, expected.df)
  near(low, expected.low)
  near(high, expected.high)
  near(effect?.value, expected.d)
  near(effect?.corrected, expected.corrected)
}

test("a paired difference has scipy's t, p, interval and effect", () => {
  for (const expected of reference.paired) {
    const made = pairedDifference(expected.a, expected.b, { level: expected.level })
    isTested(made, expected)
    assert.deepEqual([made.test, made.n, made.effect?.name], ['paired t', expected.a.length, 'd_z'])
  }
})

test("a difference of unpaired means has the t, p, interval of scipy's Welch test, and Cohen's d", () => {
  for (const expected of reference.welch) {
    const made = welchDifference(expected.a, expected.b, { level: expected.level })
    isTested(made, expected)
    assert.deepEqual([made.test, made.effect?.name], ["Welch's t", 'd'])
  }
})

test("one value against several is Student's t with the SD of the several", () => {
  for (const expected of reference.student) {
    const made = welchDifference(expected.a, expected.b, { level: expected.level })
    isTested(made, expected)
    assert.equal(made.test, "Student's t")
  }
})

test("two shares differ by Newcombe's interval and scipy's normal tail", () => {
  for (const { a, b, level, low, high, statistic, p, h } of reference.proportions) {
    const made = proportionsDifference({ count: a[0], of: a[1] }, { count: b[0], of: b[1] }, level)
    near(made.low, low)
    near(made.high, high)
    near(made.statistic, statistic)
    near(made.p, p, 1e-5)
    near(made.effect?.value, h)
  }
})

// The first case is the airway study in Fagerland, Lydersen & Laake (2014), Statistics in Medicine 33:2850: −0.507 to −0.026.
test("two shares of the same puzzles have Newcombe's paired interval and scipy's exact McNemar test", () => {
  for (const { counts, level, p, low, high } of reference.mcnemar) {
    const [both, onlyA, onlyB, neither] = counts
    const made = pairedProportions({ both, onlyA, onlyB, neither }, level)
    near(made.p, p)
    near(made.low, low)
    near(made.high, high)
    near(made.value, (onlyA - onlyB) / (both + onlyA + onlyB + neither))
  }
  assert.deepEqual([mcnemar(0, 0), mcnemar(3, 3), mcnemar(3, 4)], [1, 1, 1])
  near(mcnemar(0, 5), 2 / 32)
})

test("a bootstrap interval is scipy's percentile interval to 2 % of its width", () => {
  for (const { values, level, low, high } of reference.bootstrap) {
    const made = estimate(values, { interval: 'bootstrap', level, resamples: 100_000 })
    for (const [end, expected] of [
      [made.low, low],
      [made.high, high],
    ] as const)
      assert.ok(Math.abs(end! - expected) <= 0.02 * (high - low), `${end} for ${expected}`)
  }
})

test('a bootstrap of a difference depends on its seed only and lies around the difference', () => {
  const [a, b] = [
    [5, 6, 9, 7],
    [1, 2, 2],
  ]
  for (const made of [
    welchDifference(a, b, { interval: 'bootstrap', seed: 1 }),
    pairedDifference(a.slice(1), b, { interval: 'bootstrap', seed: 1 }),
  ]) {
    assert.equal(made.method, 'bootstrap')
    assert.ok(made.low! < made.value && made.value < made.high!)
  }
  const again = { interval: 'bootstrap', seed: 1 } as const
  assert.deepEqual(welchDifference(a, b, again), welchDifference(a, b, again))
})

test('values without variance have an interval without width, and no p where they differ', () => {
  for (const [made, test] of [
    [pairedDifference([3, 3], [1, 1]), 'paired t'],
    [welchDifference([3, 3], [1, 1]), "Welch's t"],
  ] as const) {
    assert.deepEqual([made.value, made.low, made.high, made.p, made.effect, made.test], [2, 2, 2, null, null, test])
  }
  assert.equal(pairedDifference([3, 3], [3, 3]).p, 1)
  assert.equal(welchDifference([3, 3], [3, 3]).p, 1)
})

test('too few values, NaN, pairs of other lengths and counts above the total are refused', () => {
  assert.throws(() => pairedDifference([1], [2]), /at least 2 values, found 1/)
  assert.throws(() => pairedDifference([1, 2], [2]), /expected 2 values, found 1/)
  assert.throws(() => welchDifference([1], [2]), /at least 2 values, found 1/)
  assert.throws(() => welchDifference([], [2, 3]), /at least one value, found none/)
  assert.throws(() => welchDifference([1, Number.NaN], [2, 3]), /finite values, found NaN/)
  assert.throws(() => proportionsDifference({ count: 3, of: 2 }, { count: 0, of: 1 }), /3 of 2/)
  assert.equal(hedges(1), null)
})
