import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Dataset, ladder, loadRun, Runs, scaling, sudoku, think, train } from '../../lib/index.js'
import { estimate } from '../../lib/statistics/estimate.js'

let resultsDir = ''
let boards: Dataset
let runs: Runs
const tiny = { hidden: 32, heads: 2, T: 1, n: 1, K: 2, batch: 32, evalBatch: 30, lr: 3e-3, warmup: 5 } as const
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-scaling-'))
  boards = await sudoku({ box: [2, 2], clues: 9, train: 100, test: 30, seed: 3 })
  const ids: string[] = []
  for (const changes of [{ seed: 0 }, { seed: 1 }, { seed: 0, n: 3 }]) {
    const config = { ...tiny, trainSteps: 50, evalEvery: 50, ...changes }
    ids.push(await train(config, boards, { resultsDir, observer: {} }))
  }
  runs = new Runs(ids.map((id) => loadRun(id, resultsDir)))
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

test('scaling puts runs on one axis of compute: means over seeds, MACs of depth times rollouts, the frontier', async () => {
  const noise = { noise: 0.5, seed: 4, resultsDir }
  const made = await scaling(runs, boards, { depths: [1, 2, 4], rollouts: [2], ...noise })
  assert.deepEqual([...new Set(made.points.map(({ label }) => label))], ['n 1', 'n 3'])
  const point = (label: string, depth: number, rollouts: number) =>
    made.points.find((each) => each.label === label && each.depth === depth && each.rollouts === rollouts)!
  const rungs = await Promise.all(
    runs.all.map(({ dir }) => ladder(dir, boards, { depths: [1, 2, 4], dtype: 'float32' })),
  )
  for (const depth of [1, 2, 4]) {
    const [first, second, deeper] = rungs.map((made) => made.at(depth)!)
    const { accuracy, macs, seeds } = point('n 1', depth, 1)
    assert.deepEqual(accuracy, estimate([first!.accuracy.value, second!.accuracy.value]))
    assert.deepEqual([macs, seeds], [first!.macs, 2])
    assert.deepEqual(point('n 3', depth, 1).accuracy, deeper!.accuracy)
    assert.equal(point('n 3', depth, 2).macs, 2 * deeper!.macs!)
    assert.ok(deeper!.macs! > first!.macs!)
  }
  const settings = { ...noise, depth: 4, rollouts: 2, dtype: 'float32', plain: false, floor: false } as const
  const recording = await think(runs.all[2]!.dir, boards, settings)
  assert.equal(point('n 3', 2, 2).accuracy.value, recording.accuracy('q', { depth: 2 }).value)

  const frontier = made.frontier()
  for (const { macs, accuracy } of made.points)
    assert.ok(frontier.some((best) => best.macs <= macs && best.accuracy.value >= accuracy.value))
  assert.ok(frontier.every(({ accuracy }, i) => i === 0 || accuracy.value > frontier[i - 1]!.accuracy.value))
})

test('a table at equal compute has the deepest point of every configuration within the budget', async () => {
  const made = await scaling(runs, boards, { depths: [1, 2, 8] })
  const deepest = made.points.find(({ label, depth }) => label === 'n 1' && depth === 8)!
  const rows = made.atEqualCompute()
  assert.deepEqual(new Map(rows.map(({ configuration, D }) => [configuration, D])).get('n 1'), 8)
  const other = made.points.filter(({ label, macs }) => label === 'n 3' && macs <= deepest.macs)
  assert.equal(
    rows.find(({ configuration }) => configuration === 'n 3')!.D,
    Math.max(...other.map(({ depth }) => depth)),
  )
  assert.throws(() => made.atEqualCompute(10), /atEqualCompute: expected .*MAC or more, .*found 10\.0 MAC/)
  const caption = made.figure().caption()
  assert.match(caption, /Exact accuracy \(%\) against evaluation compute \([kMG]MAC per puzzle\)/)
  assert.match(caption, /95 % interval over seeds, of single runs over puzzles/)
})

test('scaling refuses no runs, rollouts without noise and runs on several data sets', async () => {
  const refuses = (options: Parameters<typeof scaling>[2], message: RegExp): Promise<void> =>
    assert.rejects(scaling(runs, boards, options), message)
  await assert.rejects(scaling([], boards), /scaling: expected at least one run, found none/)
  await refuses({ rollouts: [2] }, /rollouts: expected noise above 0, .*by which rollouts differ, found none/)
  await refuses({ rollouts: [1], noise: 0.3 }, /rollouts: expected whole numbers of 2 or more, .*found 1/)
  await refuses({ depths: [0] }, /depths: expected whole numbers of 1 or more, found 0/)
  await refuses({ metric: 'test.rows' }, /metric test\.rows: expected one of test\.exact/)
  const [first, second] = runs.all
  const moved = { ...second!, provenance: { ...second!.provenance, dataHash: 'f'.repeat(64) } }
  await assert.rejects(scaling([first!, moved]), /expected runs on one data set, .*found runs on 2 data sets/)
})
