import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Figure, Trace } from '../lib/plot/figure.js'
import { growthFigure } from '../lib/plot/inside/growth.js'
import { calibrationFigure, haltingFigure } from '../lib/plot/inside/halting.js'
import { alignedMotionFigure } from '../lib/plot/inside/motion.js'
import { radiusFigure } from '../lib/plot/inside/radius.js'
import { failureFlagFigure, residualsFigure } from '../lib/plot/inside/residuals.js'
import { sliceFigure } from '../lib/plot/inside/slice.js'
import { firstSolvedFigure, lostAgainFigure, solvingGroupsFigure } from '../lib/plot/inside/solving.js'
import { logAxis } from '../lib/plot/log-axis.js'
import { calibration, haltingBySteps } from '../lib/recording/calibration.js'
import { alignedMotion, persistentMotion } from '../lib/recording/motion.js'
import { failureFlag, residualsBelow } from '../lib/recording/residuals.js'
import { solvedBySteps, solvingGroups } from '../lib/recording/solving.js'
import { joined } from '../lib/recording/trajectories.js'
import { wilson } from '../lib/statistics/estimate.js'

const named = ({ data }: Figure, name: string): Trace => {
  const trace = data.find((each) => each.name === name && each.showlegend !== false)
  assert.ok(trace, `no ${name} among ${data.map((each) => each.name).join(', ')}`)
  return trace
}

/** The names in the legend. */
const legend = ({ data }: Figure): unknown[] =>
  data.filter(({ name, showlegend }) => name !== undefined && showlegend !== false).map(({ name }) => name)

const paths = joined(
  [
    [1, 1, 1, 1],
    [0, 1, 0, 1],
    [0, 0, 1, 0],
    [0, 0, 0, 0],
  ].map((exact, puzzle) => ({
    puzzle,
    exact,
    qHalt: exact.map((right) => (right ? 2 : -2)),
    deltaY: exact.map((_, t) => 1 / (t + 1)),
    deltaZ: exact.map((right) => (right ? 0.01 : 0.5)),
  })),
)

test('puzzles first solved are a line of cumulative shares per rating, with the trained depth upright', () => {
  const rows = solvedBySteps(paths)
  const figure = firstSolvedFigure(
    [
      { name: '0', puzzles: 2, rows: solvedBySteps(paths, [0, 1]) },
      { name: '≥ 1', puzzles: 2, rows: solvedBySteps(paths, [2, 3]) },
    ],
    { trained: 2 },
  )
  assert.deepEqual(named(figure, 'rating 0 (2)').y, [50, 100, 100, 100])
  assert.deepEqual(named(figure, 'rating ≥ 1 (2)').y, [0, 0, 50, 50])
  assert.deepEqual(named(figure, 'trained depth (2)').x, [2, 2])
  assert.match(figure.caption(), /first solved .* by rating\. Bands: 95 % interval over puzzles \(Wilson\)\./)
  const lost = lostAgainFigure(rows)
  assert.deepEqual(legend(lost), ['solved so far', 'right at this step', 'lost again'])
  assert.deepEqual(named(lost, 'lost again').y, [0, 0, 25, 25])
  assert.throws(() => firstSolvedFigure([]), /firstSolved: expected 1 to 12 ranges/)
})

test('EARLY, LATE and PERSISTENT are bars of percentages with their intervals', () => {
  const figure = solvingGroupsFigure(solvingGroups(paths, 2), { trained: 2 })
  assert.deepEqual(figure.data[0]!.y, [50, 25, 25])
  assert.match(figure.caption(), /Wilson/)
})

test('aligned motion has a line per group, and the level of puzzles that are never solved', () => {
  const rows = alignedMotion(paths, 'deltaY', { trained: 2, from: -2, to: 2 })
  const figure = alignedMotionFigure(rows, persistentMotion(paths, 'deltaY'), 'deltaY')
  assert.deepEqual(legend(figure), ['EARLY', 'LATE', 'PERSISTENT', 'first solved'])
  assert.deepEqual(named(figure, 'LATE').x, [-2, -1, 0, 1])
  assert.deepEqual(named(figure, 'first solved').x, [0, 0])
  assert.throws(() => alignedMotionFigure([], null, 'deltaY'), /motion: expected a puzzle that is solved/)
})

test('residuals are shares by threshold, and as a flag of failure two distributions with their AUC', () => {
  const shares = residualsFigure(residualsBelow(paths, [0.1, 0.6]))
  assert.deepEqual(named(shares, 'R &lt; 0.1').y, [25, 50, 50, 50])
  assert.deepEqual(named(shares, 'R &lt; 0.6').y, [100, 100, 100, 100])
  const flag = failureFlagFigure({ right: [0.01, 0.01], wrong: [0.5, 0.6], auc: failureFlag(paths) })
  assert.deepEqual(named(flag, 'solved (2)').y, [0, 50, 50, 100])
  assert.match(flag.caption(), /AUC 1\.000 \(1\.000 to 1\.000\) as a flag of failure/)
  assert.throws(() => failureFlagFigure({ right: [0], wrong: [], auc: null }), /failureFlag/)
})

test('calibration is the share of right answers at the mean halting probability of each bin', () => {
  const figure = calibrationFigure(calibration(paths, 4, 2))
  const sigma = 100 / (1 + Math.exp(-2))
  const { x, y } = named(figure, '95 % interval over puzzles')
  assert.ok(Math.abs((x as number[])[1]! - sigma) < 1e-9)
  assert.deepEqual(y, [0, 100])
  assert.match(figure.caption(), /at step 4; AUC 1\.000 .*precision 100 %, recall 100 %/)
  assert.deepEqual(legend(haltingFigure(haltingBySteps(paths))), ['ends right (2)', 'ends wrong (2)'])
})

test('growth has a line per group and a level without growth', () => {
  const quartiles = { n: 3, low: -0.2, median: -0.1, high: 0.1 }
  const points = [0, 4, 8].map((from) => ({ group: 'LATE' as const, from, quartiles }))
  const figure = growthFigure(points, 'random direction, k = 4', { trained: 4 })
  assert.deepEqual(legend(figure), ['LATE (3)', 'no growth', 'trained depth (4)'])
  assert.throws(() => growthFigure([], ''), /growth/)
})

test('accuracy from random starts is against a logarithmic radius, beside the level of the learned start', () => {
  const row = (radius: number, right: number) => ({ radius, exact: wilson(right, 10) })
  const figure = radiusFigure([row(1, 5), row(0, 8), row(0.1, 8)])
  assert.deepEqual(
    [named(figure, 'random start').x, named(figure, 'random start').y],
    [
      [0.1, 1],
      [80, 50],
    ],
  )
  assert.deepEqual(named(figure, 'learned start (ε = 0)').y, [80, 80])
  assert.throws(() => radiusFigure([row(0, 8)]), /radii: expected at least one radius above 0/)
})

test('a slice is always beside its null, with the same colours', () => {
  const points = (values: number[]) => ({ grid: 2, extent: 1, values })
  const figure = sliceFigure(points([1, 2, 3, 9]), points([9, 1, 2, 3]), { colour: 'settling' })
  const [slice, permuted] = figure.data
  assert.deepEqual(
    [slice!.z, permuted!.z],
    [
      [
        [1, 2],
        [3, 9],
      ],
      [
        [9, 1],
        [2, 3],
      ],
    ],
  )
  assert.deepEqual([slice!.zmax, permuted!.zmax, permuted!.xaxis], [9, 9, 'x2'])
  assert.match(figure.caption(), /and of its null, the same points in permuted patches/)
  const answers = [0.5, 0.25, 0.25].map((share, i) => ({ share, right: i === 0 }))
  const coloured = sliceFigure(points([0, 1, 2, 0]), points([0, 1, 2, 0]), { colour: 'answer', answers })
  assert.deepEqual(legend(coloured), ['right (50.0 %)', 'wrong (25.0 %)', 'wrong (25.0 %)'])
  assert.throws(() => sliceFigure(points([]), { grid: 3, extent: 1, values: [] }, { colour: 'answer' }), /a null of 2²/)
})

test('small powers of ten are labelled as such on a logarithmic axis', () => {
  const { tickvals, ticktext } = logAxis([1e-7, 1]) as { tickvals: number[]; ticktext: string[] }
  assert.deepEqual(ticktext, ['1e-6', '1e-4', '0.01', '1'])
  assert.deepEqual(tickvals, [1e-6, 1e-4, 1e-2, 1])
})
