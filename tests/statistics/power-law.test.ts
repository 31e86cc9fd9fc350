import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Random } from '../../lib/random.js'
import { powerAt, powerLaw, powerLawOfErrors, powerText } from '../../lib/statistics/power-law.js'
import type { UnitScores } from '../../lib/statistics/unit-scores.js'

/** Numbers of scipy 1.17.1, computed by `power-law-reference.py` beside it. */
const reference = JSON.parse(readFileSync(new URL('power-law-reference.json', import.meta.url), 'utf8')) as {
  readonly laws: readonly {
    readonly xs: readonly number[]
    readonly ys: readonly number[]
    readonly level: number
    readonly exponent: number
    readonly sd: number
    readonly low: number
    readonly high: number
    readonly coefficient: number
    readonly r2: number
  }[]
  readonly errors: {
    readonly xs: readonly number[]
    /** Index of the first depth at which each puzzle is solved; the number of depths for one that never is. */
    readonly first: readonly number[]
    readonly exponent: number
    readonly low: number
    readonly high: number
  }
}

function near(actual: number | null, expected: number, tolerance: number): void {
  assert.ok(actual !== null && Math.abs(actual - expected) <= tolerance, `${actual} for ${expected}`)
}

const pointsOf = (xs: readonly number[], ys: readonly number[]) => xs.map((x, i) => ({ x, y: ys[i]! }))

/** Puzzles that are solved from a depth on, by the index of that depth. */
const unitsOf = (first: readonly number[], depths: number): UnitScores[] =>
  first.map((from) => ({ weight: 1, sums: Array.from({ length: depths }, (_, i) => (i >= from ? 1 : 0)) }))

test("a power law has scipy's slope of the logarithms, its error, Student's interval and r²", () => {
  for (const { xs, ys, level, exponent, sd, low, high, coefficient, r2 } of reference.laws) {
    const law = powerLaw(pointsOf(xs, ys), level)
    near(law.exponent.value, exponent, 1e-9)
    near(law.exponent.sd, sd, 1e-9)
    near(law.exponent.low, low, 1e-6)
    near(law.exponent.high, high, 1e-6)
    near(law.coefficient, coefficient, 1e-9)
    near(law.r2, r2, 1e-9)
    assert.deepEqual([law.points, law.from, law.to, law.exponent.method], [xs.length, xs[0], xs.at(-1), 't'])
  }
})

test('points on a power law give its exponent and coefficient exactly', () => {
  const law = powerLaw([1, 3, 10, 200].map((x) => ({ x, y: 0.8 * x ** -0.42 })))
  near(law.exponent.value, 0.42, 1e-12)
  near(law.endToEnd, 0.42, 1e-12)
  near(law.coefficient, 0.8, 1e-12)
  near(law.r2, 1, 1e-12)
  near(powerAt(law, 50), 0.8 * 50 ** -0.42, 1e-12)
})

/** Exact accuracy of public checkpoints by depth (%), beyond.md section 10, and the exponents of its section 9. */
const LADDERS = [
  { name: 'HRM', from: 16, exact: [54.9, 58.0, 59.9], b: 0.09 },
  { name: 'TRM alphaXiv', from: 16, exact: [79.1, 81.4, 83.5, 84.97, 86.26], b: 0.15 },
  { name: 'CGAR', from: 16, exact: [86.1, 89.5, 91.7, 93.17, 94.1], b: 0.31 },
  { name: 'EqR', from: 16, exact: [86.8, 90.7, 93.2, 95.02, 95.88], b: 0.42 },
  { name: 'Sotaku v1', from: 16, exact: [81.8, 88.5, 92.5, 95.3, 97.3, 98.5], b: 0.72 },
] as const

test('the reported depth ladders have the exponents that they are reported with', () => {
  for (const { name, from, exact, b } of LADDERS) {
    const law = powerLaw(exact.map((value, i) => ({ x: from * 2 ** i, y: 100 - value })))
    // End to end, as reported, to two digits; HRM's is 0.0848. Least squares weigh the depths between as well.
    assert.ok(Math.abs(law.endToEnd - b) < 0.0055, `${name}: ${law.endToEnd} for ${b}`)
    assert.ok(Math.abs(law.exponent.value - b) < 0.0075, `${name}: ${law.exponent.value} for ${b}`)
    assert.ok(law.r2 > 0.98, `${name}: r² ${law.r2}`)
  }
})

test('the reported failures of PPBench fall with the rollouts as K^(−0.19)', () => {
  const law = powerLaw(
    pointsOf(
      [1, 5, 10, 25, 100],
      [76.4, 83.33, 84.66, 87.31, 90.27].map((y) => 100 - y),
    ),
  )
  near(law.exponent.value, 0.19, 0.005)
})

test("an error's exponent has the interval of scipy's bootstrap over puzzles to 5 % of its width", () => {
  const { xs, first, exponent, low, high } = reference.errors
  const law = powerLawOfErrors(xs, unitsOf(first, xs.length), { resamples: 10_000 })!
  near(law.exponent.value, exponent, 1e-9)
  near(law.exponent.low, low, 0.05 * (high - low))
  near(law.exponent.high, high, 0.05 * (high - low))
  assert.deepEqual([law.exponent.method, law.exponent.n], ['bootstrap', first.length])
})

test('nineteen of twenty bootstrap intervals of simulated puzzles hold the true exponent', () => {
  const xs = [1, 2, 4, 8, 16]
  const b = 0.5
  let held = 0
  for (let seed = 0; seed < 100; seed++) {
    const random = Random.of(seed, 'puzzles')
    // P(solved later than x) = x^(−b).
    const first = Array.from({ length: 200 }, () => {
      const at = random.float() ** (-1 / b)
      const index = xs.findIndex((x) => x > at)
      return index < 0 ? xs.length : index
    })
    // At x = 1 no puzzle is solved, so that the law's error there is 1.
    const { low, high } = powerLawOfErrors(xs, unitsOf(first, xs.length), { resamples: 300, seed })!.exponent
    if (low! <= b && b <= high!) held++
  }
  assert.ok(held >= 88 && held <= 99, `${held} of 100`)
})

test('a weighted puzzle counts as its answers, and a bootstrap depends on its seed only', () => {
  const units = [
    { weight: 3, sums: [0, 1, 2] },
    { weight: 1, sums: [0, 0, 1] },
    { weight: 2, sums: [1, 1, 1] },
  ]
  const law = powerLawOfErrors([1, 2, 4], units, { resamples: 50, seed: 3 })
  near(law!.endToEnd, -Math.log(2 / 6 / (5 / 6)) / Math.log(4), 1e-12)
  assert.deepEqual(powerLawOfErrors([1, 2, 4], units, { resamples: 50, seed: 3 }), law)
})

test('depths without an error have no logarithm and are left out of the fit, and a fit of one depth is none', () => {
  const units = unitsOf([0, 1, 1, 2, 2, 2], 4)
  assert.deepEqual([powerLawOfErrors([1, 2, 4, 8], units)!.points, powerLawOfErrors([1, 2, 4, 8], units)!.to], [2, 2])
  assert.equal(powerLawOfErrors([1, 2], unitsOf([0, 1], 2)), null)
})

test('resamples that lose every error leave an exponent without an interval', () => {
  const law = powerLawOfErrors([1, 2], [...unitsOf([0, 0, 0, 1], 2), { weight: 1, sums: [0, 0] }])
  assert.deepEqual([law?.exponent.method, law?.exponent.low, law?.points], [null, null, 2])
})

test('a power law of one x, or of a value that is not positive, is refused', () => {
  assert.throws(() => powerLaw([{ x: 2, y: 1 }]), /two or more different x, found one x/)
  assert.throws(() => powerLaw(pointsOf([1, 2], [0.5, 0])), /positive values, which have logarithms, found 0/)
  assert.throws(() => powerLaw(pointsOf([1, 2], [0.5, Number.NaN])), /found NaN/)
  assert.throws(() => powerLawOfErrors([1, 2], []), /at least one puzzle, found none/)
})

test('a law in words has a minus where the error falls and none where it grows', () => {
  const law = (ys: readonly number[]) => powerLaw(pointsOf([1, 2, 4], ys))
  assert.match(powerText(law([0.8, 0.4, 0.25]), 'D'), /^error ∝ D\^\(−0\.8 ± 1\.\d\)$/)
  assert.match(powerText(law([0.2, 0.3, 0.4]), 'K'), /^error ∝ K\^\(0\.50 ± 0\.\d+\)$/)
})
