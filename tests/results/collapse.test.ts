import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { summarise } from '../../lib/experiment/compare/summary.js'
import { Random } from '../../lib/random.js'
import { collapseOf, collapseText } from '../../lib/results/collapse.js'
import { Comparison } from '../../lib/results/comparison.js'

const exact = { metric: 'test.exact', better: 'higher' } as const
/** Evaluations of 300 puzzles, every 100 steps. */
const rowsOf = (shares: readonly (number | null)[], more: object = {}) =>
  shares.map((share, i) => ({ step: 100 * (i + 1), 'test.exact': share, puzzles: 300, scored: 300, ...more }))
const shown = (...args: Parameters<typeof collapseOf>) => {
  const collapse = collapseOf(...args)
  return collapse && collapseText(collapse)
}

test('a last evaluation far below the best one is a collapse, with both values, steps and the weights', () => {
  const rows = rowsOf([0.1, 0.5, 0.93, 0.9, 0.12])
  assert.equal(shown(rows, exact, 0.9), 'exact accuracy 93.0 % at step 300, 12.0 % at step 500 (EMA)')
  assert.equal(shown(rows, exact, 0), 'exact accuracy 93.0 % at step 300, 12.0 % at step 500 (live weights)')
})

test('a collapse of the live weights beside a good EMA is none of the run', () => {
  const ema = rowsOf([0.5, 0.9], { weights: 'ema' })
  const live = rowsOf([0.9, 0.1], { weights: 'live' })
  assert.equal(collapseOf([live[0]!, ema[0]!, live[1]!, ema[1]!], exact, 0.9), null)
  assert.equal(shown(live, exact, 0.9), 'exact accuracy 90.0 % at step 100, 10.0 % at step 200 (live weights)')
})

test('small drops, few puzzles, one evaluation, unknown values and metrics without counts are no collapse', () => {
  assert.equal(collapseOf(rowsOf([0.93, 0.9]), exact, 0.9), null)
  assert.equal(collapseOf(rowsOf([0.5, 0.2], { scored: 10, puzzles: 10 }), exact, 0.9), null)
  assert.equal(collapseOf(rowsOf([0.1]), exact, 0.9), null)
  assert.equal(collapseOf([], exact, 0.9), null)
  assert.equal(collapseOf(rowsOf([null, null]), exact, 0.9), null)
  const own = rowsOf([0.1, 0.1]).map((row, i) => ({ ...row, 'test.mine': 1 - i }))
  assert.equal(collapseOf(own, { metric: 'test.mine', better: 'higher' }, 0.9), null)
})

test('where lower is better, a rise is the collapse', () => {
  const rows = rowsOf([0.1, 0.9])
  assert.equal(collapseOf(rows, exact, 0.9), null)
  assert.notEqual(collapseOf(rows, { ...exact, better: 'lower' }, 0.9), null)
})

test('runs that only fluctuate are hardly ever called collapsed, however often they are evaluated', () => {
  const random = Random.of(1, 'collapse')
  const share = (): number => {
    let right = 0
    for (let i = 0; i < 300; i++) if (random.float() < 0.5) right++
    return right / 300
  }
  let called = 0
  for (let run = 0; run < 300; run++) if (collapseOf(rowsOf(Array.from({ length: 40 }, share)), exact, 0.9)) called++
  assert.ok(called <= 15, `${called} of 300`)
})

test('lists and summaries of runs name those that have collapsed, and only then', () => {
  const run = (id: string, shares: number[]) => ({
    ...{ id, config: parseConfig({}), parameters: 1, ended: 'trainSteps' as const, state: 'finished' as const },
    evaluations: rowsOf(shares),
  })
  const [good, bad] = [run('a', [0.5, 0.9]), run('b', [0.9, 0.1])]
  assert.deepEqual(
    new Comparison([good, bad]).rows.map(({ collapsed }) => collapsed),
    [null, 'from 90.0 % at step 100'],
  )
  assert.ok(!('collapsed' in new Comparison([good]).rows[0]!))
  const { notes } = summarise([good, bad])
  const note = notes.find((text) => text.includes('collapsed'))
  assert.match(
    note ?? '',
    /1 of 2 runs collapsed after the best evaluation \(b: exact accuracy 90\.0 % at step 100, 10\.0 % /,
  )
  assert.ok(!summarise([good]).notes.some((text) => text.includes('collapsed')))
})
