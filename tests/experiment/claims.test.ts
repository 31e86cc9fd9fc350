import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, reportedRow, reportedSudoku } from '../../lib/index.js'
import { bundleOf } from '../../lib/notebook/bundle.js'
import { gridRuns } from './grid-runs.js'

const runs = gridRuns({ mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, [0.9, 0.92, 0.94, 0.1, 0.12, 0.13])
const mlp = { claim: 'The MLP solves more', better: 'mlp', than: 'attention' } as const
const attention = { claim: 'Self-attention solves more', better: 'attention', than: 'mlp' } as const

const verdicts = (...args: Parameters<typeof judge>): string[] => judge(...args).all.map(({ verdict }) => verdict)

test('a claim shows, is reversed, or stays undecided by the interval of the difference and by its size', () => {
  assert.deepEqual(verdicts(runs, [mlp, attention], { seeds: 3 }), ['shows', 'reversed'])
  assert.deepEqual(verdicts(runs, [{ ...mlp, by: 85 }], { seeds: 3 }), ['undecided'])
  assert.deepEqual(verdicts(runs, [{ ...mlp, by: 80 }], { seeds: 3 }), ['shows'])
  const near = gridRuns({ mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, [0.5, 0.6, 0.7, 0.55, 0.52, 0.71])
  assert.deepEqual(verdicts(near, [mlp, attention], { seeds: 3 }), ['undecided', 'undecided'])
})

test('a lower loss is the better one', () => {
  assert.deepEqual(verdicts(runs, [{ ...mlp, metric: 'train.loss' }], { seeds: 3 }), ['shows'])
})

test('fewer seeds than asked for decide nothing, and such claims are not checked; one run each is judged by its puzzles', () => {
  assert.deepEqual(verdicts(runs, [mlp]), ['too few seeds'])
  const one = gridRuns({ mixer: ['mlp', 'attention'], seed: [0] }, [0.9, 0.1])
  assert.deepEqual(verdicts(one, [attention], { seeds: 1 }), ['reversed'])
  assert.match(judge(one, [attention]).check(), /^0 of 1 claims have enough seeds/)
})

test('the check passes with the expected verdicts and names the first claim with another one', () => {
  const both = judge(runs, [mlp, { ...attention, expected: 'reversed' }], { seeds: 3 })
  assert.equal(both.check(), '2 of 2 claims have the expected verdict')
  assert.throws(
    () => judge(runs, [mlp, attention], { seeds: 3 }).check(),
    /^UserError: Self-attention solves more: expected the verdict: shows, found reversed \(mlp better by 80\.3 ± 1\.4 points/,
  )
})

test('an unknown arm or metric is one error that names the claim', () => {
  assert.throws(
    () => judge(runs, [mlp, { ...attention, than: 'conv' }]),
    /^UserError: claim "Self-attention solves more", .*: expected .*, found "conv"\.$/,
  )
  assert.throws(
    () => judge(runs, [{ ...mlp, metric: 'test.exakt' }]),
    /^UserError: claim "The MLP solves more".*: expected .*test\.exact/,
  )
})

test('the table has the numbers and the display their intervals', () => {
  const [row] = judge(runs, [mlp], { seeds: 3 }).table()
  const { betterMean, difference, reportedDifference, verdict, expected } = row!
  assert.equal(Number(betterMean).toFixed(1), '92.0')
  assert.equal(Number(difference).toFixed(1), '80.3')
  assert.deepEqual([verdict, expected, reportedDifference], ['shows', 'shows', null])
  assert.equal(row!.seeds, 3)
  assert.ok(Number(row!.low) > 70 && Number(row!.high) < 90)
  assert.match(String(bundleOf(judge(runs, [mlp], { seeds: 3 }))['text/plain']), /80\.3 ± 1\.4/)
})

test('a claim with published rows has their table, names, values and difference', () => {
  const reported = [reportedSudoku.trm, reportedSudoku.selfAttention] as const
  const [row] = judge(runs, [{ ...mlp, reported }], { seeds: 3 }).table()
  assert.deepEqual(
    [row!.reportedTable, row!.reportedBetter, row!.reportedThan, row!.reportedBetterValue, row!.reportedThanValue],
    ['1', 'TRM (T=3, n=6)', 'TRM, self-attention', 87.4, 74.7],
  )
  assert.equal(row!.reportedDifference, 12.7)
  const lacking = [reportedRow('3', 'TRM, k=6, T=3'), reportedSudoku.trm] as const
  assert.equal(judge(runs, [{ ...mlp, reported: lacking }], { seeds: 3 }).table()[0]!.reportedDifference, null)
})
