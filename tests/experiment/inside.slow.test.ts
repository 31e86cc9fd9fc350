import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Dataset } from '../../lib/data/dataset.js'
import {
  perturbationGrowth,
  type RolloutRecording,
  startRadius,
  startSlice,
  sudoku,
  tf,
  think,
} from '../../lib/index.js'
import { bundleOf } from '../../lib/notebook/bundle.js'
import { temporaryFolder } from '../results/fixture.js'

let data: Dataset
let recording: RolloutRecording
const resultsDir = temporaryFolder()

before(async () => {
  data = await sudoku({ box: '2x3', clues: 12, train: 1, test: 12, seed: 5 })
  recording = await think('sudoku-6x6', data, {
    depth: 12,
    rollouts: 2,
    noise: 0.3,
    plain: true,
    floor: false,
    resultsDir,
    signal: new AbortController().signal,
  })
})

test('a recording is looked into by its deterministic rollout, with the trained depth as the border of EARLY', () => {
  const inside = recording.inside()
  assert.deepEqual([inside.trained, inside.trajectories.count, inside.trajectories.depth], [4, 12, 12])
  const groups = inside.groups()
  assert.equal(
    groups.reduce((sum, { puzzles }) => sum + puzzles, 0),
    12,
  )
  assert.deepEqual(
    groups.map(({ puzzles }) => puzzles),
    groups.map(({ group }) => inside.puzzles(group).length),
  )
  const right = recording.plain!.accuracy('q').value
  const { exact } = inside.trajectories
  assert.equal(Array.from({ length: 12 }, (_, i) => exact[12 * i + 11]!).reduce((a, b) => a + b, 0) / 12, right)
  const measures = inside.summary()
  assert.deepEqual(
    measures.slice(0, 3).map(({ measure }) => measure),
    ['EARLY', 'LATE', 'PERSISTENT'],
  )
  assert.match(String(bundleOf(inside)['text/html']), /PERSISTENT/)
  assert.ok(measures.every(({ value, low, high }) => low === null || (low <= value + 1e-9 && value <= high! + 1e-9)))
})

test('every figure of a recording names its recording, weights, data, puzzles and precision', () => {
  const inside = recording.inside({ data })
  const figures = [
    inside.firstSolved(),
    inside.lostAgain(),
    inside.groupsFigure(),
    inside.motion(),
    inside.motion({ of: 'deltaZ' }),
    inside.motion({ of: 'qHalt' }),
    inside.residuals(),
    inside.failureFlag(),
    inside.calibrationFigure(),
    inside.halting({ reported: { series: 'ptrm.q' } }),
  ]
  for (const figure of figures)
    assert.match(figure.caption(), /recording \d{8}.*weights sudoku-6x6.*data [0-9a-f]{12}.*12 test puzzles.*float32/is)
  assert.match(figures.at(-1)!.caption(), /Reported: .*arXiv 2605\.19943/)
  assert.match(String(inside.firstSolved().data[0]!.name), /^(rating|all puzzles)/)
})

test('another rollout can be looked into; other data, unknown rollouts and bins without ratings are refused', async () => {
  assert.notDeepEqual(recording.inside({ rollout: 1 }).trajectories.qHalt, recording.inside().trajectories.qHalt)
  assert.throws(() => recording.inside({ rollout: 2 }), /rollout: expected one that was recorded, 0 to 1/)
  const other = await sudoku({ box: '2x3', clues: 12, train: 1, test: 2, seed: 6 })
  assert.throws(() => recording.inside({ data: other }), /inside, data: expected the recorded data set/)
  assert.throws(() => recording.inside().firstSolved({ bins: [0] }), /bins: expected data/)
  assert.throws(() => recording.inside({ trained: 0 }), /trained: expected/)
})

test('growth, random starts and slices of trained weights are the same whatever the batch', async () => {
  const growth = await perturbationGrowth('sudoku-6x6', data, { puzzles: 4, depth: 4, horizon: 2, stretch: true })
  const parts = await perturbationGrowth('sudoku-6x6', data, { puzzles: 4, depth: 4, horizon: 2, batch: 3 })
  const close = (a: number, b: number): boolean => Math.abs(a - b) < 0.02 * Math.max(1, Math.abs(b))
  const sorted = (rows: typeof growth.rows) =>
    rows.map(({ lambda, ...key }) => [JSON.stringify(key), lambda] as const).sort()
  for (const [i, [key, lambda]] of sorted(parts.rows).entries()) {
    assert.equal(key, sorted(growth.rows)[i]![0])
    assert.ok(close(lambda, sorted(growth.rows)[i]![1]), key)
  }
  assert.ok(growth.stretches().every(({ gammaNat, sigmaMax }) => sigmaMax!.median > gammaNat!.median))
  assert.equal(parts.stretches()[0]!.sigmaMax, null)
  assert.match(growth.figure().caption(), /random direction, k = 2.*weights sudoku-6x6/is)
  assert.throws(() => growth.figure({ k: 3 }), /k of 1 to 2/)

  const radius = await startRadius('sudoku-6x6', data, { radii: [0, 1], depth: 4 })
  assert.deepEqual((await startRadius('sudoku-6x6', data, { radii: [0, 1], depth: 4, batch: 5 })).rows, radius.rows)
  const drawn = await startRadius('sudoku-6x6', data, { radii: [1], draws: 2, depth: 4 })
  assert.equal(drawn.rows[0]!.exact.method, 'bootstrap')
  assert.match(radius.figure({ reported: { series: 'init-radius' } }).caption(), /Wilson.*Reported: /s)

  const slice = await startSlice('sudoku-6x6', data, { puzzle: 1, grid: 8, depth: 4 })
  assert.deepEqual(
    (await startSlice('sudoku-6x6', data, { puzzle: 1, grid: 8, depth: 4, batch: 9 })).points,
    slice.points,
  )
  assert.ok(slice.basins('settling').permuted.basinEntropy !== null)
  assert.deepEqual(Object.keys(slice.roughness()), ['measured', 'permuted'])
  assert.match(slice.figure().caption(), /Darkest: not settled after 4 supervision steps, [0-9.]+ % of the points/)
  assert.match(slice.figure({ colour: 'answer' }).caption(), /its null.*chosen/s)
})

test('wrong options of looking inside are refused before anything is computed', async () => {
  await assert.rejects(perturbationGrowth('sudoku-6x6', data, { epsilon: 0 }), /key epsilon/)
  await assert.rejects(perturbationGrowth('sudoku-6x6', data, { depth: 2, horizon: 3, puzzles: 1 }), /key horizon/)
  await assert.rejects(startRadius('sudoku-6x6', data, { radii: [-1] }), /key radii/)
  await assert.rejects(startSlice('sudoku-6x6', data, { grid: 0 }), /key grid/)
  await assert.rejects(startSlice('sudoku-6x6', data, { batch: 0 }), /key batch/)
  await assert.rejects(startSlice('sudoku-6x6', data, { puzzle: 99 }), /puzzles: expected indices from 0 to 11/)
  const misspelt = { gird: 3 }
  await assert.rejects(startSlice('sudoku-6x6', data, misspelt as object), /key gird.*grid/s)
})

test('looking inside that is stopped says how far it came, and frees its tensors', async () => {
  const tensors = tf.memory().numTensors
  const stop = new AbortController()
  const growth = perturbationGrowth('sudoku-6x6', data, { depth: 64, signal: stop.signal })
  setTimeout(() => stop.abort(), 300)
  await assert.rejects(growth, /stopped after \d+ of 768 supervision steps/)
  assert.equal(tf.memory().numTensors, tensors)
})
