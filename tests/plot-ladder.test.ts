import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trace } from '../lib/plot/figure.js'
import { frontierFigure } from '../lib/plot/frontier.js'
import { ladderFigure } from '../lib/plot/ladder.js'
import { reportedCurvesWhere } from '../lib/results/reported.js'
import { powerLaw } from '../lib/statistics/power-law.js'

const x = [1, 4, 16]
const errors = [80, 40, 20]
const law = powerLaw(x.map((at, i) => ({ x: at, y: errors[i]! / 100 })))
const line = {
  name: 'mine',
  x,
  accuracy: errors.map((error) => ({ value: 100 - error, low: 100 - error - 5, high: 100 - error + 5 })),
  law,
}

const named = (traces: readonly Trace[], name: string | RegExp): Trace => {
  const found = traces.filter((trace) =>
    typeof name === 'string' ? trace.name === name && trace.fill === undefined : name.test(String(trace.name)),
  )
  return found.at(-1)!
}

test('a ladder has its points, its law over the fitted range alone, and a mark at the trained depth', () => {
  const { data, layout } = ladderFigure([line], { mark: { at: 4, text: 'trained with 4' } })
  assert.deepEqual(named(data, 'mine').y, [20, 60, 80])
  const drawn = named(data, /^error ∝ D\^\(−0\.50.*fitted on 1 to 16$/)
  const [xs, ys] = [drawn.x as number[], drawn.y as number[]]
  assert.deepEqual([xs[0], Math.round(xs.at(-1)!)], [1, 16])
  assert.ok(Math.abs(ys[0]! - 20) < 1e-9 && Math.abs(ys.at(-1)! - 80) < 1e-9)
  assert.deepEqual(
    (layout.shapes as { x0: number }[]).map(({ x0 }) => x0),
    [4],
  )
})

test('a ladder of errors turns intervals round, and has gaps where there is no error', () => {
  const done = { ...line, accuracy: [...line.accuracy.slice(0, 2), { value: 100, low: 96, high: 100 }] }
  const { data, layout } = ladderFigure([done], { shows: 'error' })
  assert.deepEqual(named(data, 'mine').y, [80, 40, null])
  const edges = data.filter(({ fill, hoverinfo }) => fill !== undefined || hoverinfo === 'skip')
  assert.deepEqual(edges[0]!.y, [75, 35])
  assert.deepEqual(edges[1]!.y, [85, 45])
  assert.deepEqual([(layout.xaxis as { type: string }).type, (layout.yaxis as { type: string }).type], ['log', 'log'])
})

test('published ladders lie behind with their names at their ends, in the same quantity, and their sources in the caption', () => {
  const reported = reportedCurvesWhere({ series: 'depth.cgar' })
  const figure = ladderFigure([line], {
    shows: 'error',
    reported,
    x: 'supervision steps D',
    y: '100 − exact accuracy (%)',
  })
  const [cgar] = figure.data
  assert.deepEqual((cgar!.y as number[]).map((y) => Math.round(10 * y) / 10).slice(0, 2), [80.6, 44.3])
  assert.equal((cgar!.text as string[]).at(-1), '\u00a0CGAR')
  assert.equal((cgar!.text as string[]).slice(0, -1).join(''), '')
  assert.match(figure.caption(), /Reported: CGAR on Sudoku-Extreme .*from its table/)
  assert.match(figure.caption(), /Bands: 95 % interval over puzzles/)
})

test('a frontier is a line of steps to the most compute, in the unit of the axis', () => {
  const accuracy = [10, 30].map((value) => ({ value, low: null, high: null, method: null }))
  const figure = frontierFigure(
    [{ name: 'n 1', macs: [2e9, 8e9], accuracy, hover: ['', ''] }],
    [
      { macs: 2e9, accuracy: 10 },
      { macs: 4e9, accuracy: 30 },
    ],
    { y: 'exact accuracy (%)' },
  )
  const [steps, own] = figure.data
  assert.deepEqual(
    [steps!.x, steps!.y],
    [
      [2, 4, 8],
      [10, 30, 30],
    ],
  )
  assert.deepEqual(own!.x, [2, 8])
  assert.equal(figure.caption(), 'Exact accuracy (%) against evaluation compute (GMAC per puzzle).')
})
