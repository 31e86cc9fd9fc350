import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ladder, type LadderFacts } from '../../lib/experiment/think/ladder-result.js'
import { accuraciesOf, lawOf } from '../../lib/experiment/think/scaling-law.js'
import { toLatex } from '../../lib/results/latex.js'
import type { UnitScores } from '../../lib/statistics/unit-scores.js'

const facts: LadderFacts = {
  id: 'a-run',
  isRun: true,
  step: 700,
  task: 'sudoku',
  dataHash: 'd'.repeat(64),
  subset: { split: 'test', name: 'all 8 test puzzles', hash: 'f'.repeat(64), puzzles: [0, 1, 2, 3, 4, 5, 6, 7] },
  dtype: 'float32',
  trainedDepth: 2,
  seconds: 1.234,
  floor: { puzzles: 8, differ: 1, between: ['float32', 'bfloat16'] },
  notes: ['the EMA of the two sets in the checkpoint'],
}

/** A ladder over 1, 2, 4 and 8 steps on which so many of eight puzzles are right. */
function ladderOf(right: readonly number[]): Ladder {
  const depths = [1, 2, 4, 8]
  const units = Array.from(
    { length: 8 },
    (_, puzzle): UnitScores => ({
      weight: 1,
      sums: right.map((count) => (puzzle < count ? 1 : 0)),
    }),
  )
  const rungs = accuraciesOf(units, 0.95).map((accuracy, i) => ({
    depth: depths[i]!,
    macs: depths[i]! * 1e9,
    accuracy,
    metrics: { 'test.exact': accuracy, 'test.valid': accuracy },
  }))
  return new Ladder({ facts, metric: 'test.exact', rungs, law: lawOf(depths, units, { from: 2, level: 0.95 }), units })
}

test('a ladder prints every depth with interval, count and compute, and a criterion only where it differs', () => {
  const made = ladderOf([1, 4, 6, 7])
  assert.deepEqual(made.table()[2], {
    D: 4,
    'exact accuracy (%)': '75 ± 26',
    '95 % interval': '41 to 93',
    puzzles: 8,
    'compute per puzzle': '4.00 GMAC (8.00 GFLOP)',
  })
  assert.deepEqual(made.footnotes(), [
    'a-run, step 700, trained with 2 supervision steps; all 8 test puzzles (ffffffffffff); float32; 1.23 s for one pass to D = 8.',
    "Intervals: Wilson's over puzzles.",
    made.footnotes()[2],
    'Numerical floor: 1 of 8 puzzles (12.5 %) ends in another answer in bfloat16 than in float32.',
    'The EMA of the two sets in the checkpoint.',
  ])
  assert.match(toLatex(made), /D .*exact accuracy/)
  assert.equal(made.at(8)!.accuracy.value, 7 / 8)
})

test('a law is fitted from the trained depth on, and a poor fit is said to be one', () => {
  const straight = ladderOf([1, 4, 6, 7])
  assert.ok(Math.abs(straight.law!.exponent.value - 1) < 1e-12)
  assert.deepEqual([straight.law!.from, straight.law!.to, straight.law!.points], [2, 8, 3])
  assert.match(straight.footnotes()[2]!, /^error ∝ D\^\(−1.*\), fitted to 3 values of D from 2 to 8, r² 1\.00\.$/)
  assert.match(ladderOf([1, 4, 2, 4]).footnotes()[2]!, /r² [\d.]+\. A power law describes them poorly\.$/)
  assert.match(ladderOf([8, 8, 8, 8]).footnotes()[2]!, /^No power law/)
})

test('the exponents of published ladders stand below those of a ladder, with their sources', () => {
  const rows = ladderOf([1, 4, 6, 7]).exponents()
  assert.deepEqual(
    rows.map(({ ladder }) => ladder),
    [
      'a-run',
      'reported: HRM (Sudoku-Extreme)',
      'reported: TRM-MLP (alphaXiv) (Sudoku-Extreme)',
      'reported: CGAR (Sudoku-Extreme)',
      'reported: EqR (Sudoku-Extreme)',
    ],
  )
  assert.deepEqual(
    rows.slice(1).map((row) => row['b end to end']),
    ['0.085', '0.15', '0.31', '0.42'],
  )
  assert.ok(rows.slice(1).every(({ source }) => source === 'Fixed-Point-Reasoner-Structures 2026-09-06'))
})

test('an accuracy of answers in parts has a bootstrap over puzzles, and of one puzzle no interval', () => {
  const units = [
    { weight: 2, sums: [1, 2] },
    { weight: 2, sums: [2, 2] },
    { weight: 1, sums: [0, 1] },
  ]
  const [first] = accuraciesOf(units, 0.95)
  assert.deepEqual([first!.value, first!.n, first!.method], [3 / 5, 3, 'bootstrap'])
  assert.ok(first!.low! < 3 / 5 && first!.high! > 3 / 5)
  assert.equal(accuraciesOf(units.slice(0, 1), 0.95)[0]!.method, null)
})
