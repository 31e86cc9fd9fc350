import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differingKeys } from '../../lib/config/effective.js'
import { parseConfig } from '../../lib/config/parse.js'
import { expandGrid, type Grid } from '../../lib/experiment/sweep/grid.js'
import { type FinishedRun, Runs, refineAnswer, refineLatent, trm } from '../../lib/index.js'
import { Comparison } from '../../lib/results/comparison.js'
import { ConfigComparison } from '../../lib/results/config-comparison.js'

/** The runs of a sweep, without training them. */
function runsOf(grid: Grid): FinishedRun[] {
  return expandGrid({ hidden: 32 }, grid).map(({ input, names }, i) => ({
    id: `run-${i}`,
    dir: '',
    config: parseConfig(input),
    parameters: 10 + i,
    names,
    evaluations: [evaluation(1, 0.75), evaluation(2, 0.5 + i / 10)],
    metrics: [],
  }))
}

function evaluation(step: number, exact: number): FinishedRun['evaluations'][number] {
  const shares = { 'test.exact': exact, 'test.cells': 0.9, 'test.haltAccuracy': 1, 'test.halted': 1, 'test.rows': 3 }
  return {
    step,
    ...shares,
    supervisionSteps: 2,
    puzzles: 10,
    scored: 10,
    trainSeconds: 4.4 * step,
    evaluationSeconds: 2,
  }
}

test('the table of a notebook and the rows of the command line are views of one comparison', () => {
  const runs = runsOf({ lr: { slow: 1e-4, fast: 1e-2 }, seed: [0, 1] })
  const { rows, keys, variedColumns } = new Comparison(runs)
  assert.deepEqual(keys, ['lr', 'seed'])
  assert.deepEqual(variedColumns, keys)
  const { 'test.rows': own, 'best test.exact': best, evaluationSeconds } = rows[3]!
  assert.deepEqual([own, best, evaluationSeconds], [3, 0.8, 4])
  const table = new Runs(runs).table()
  assert.deepEqual(Object.entries(table[3]!), [
    ['lr', 'fast'],
    ['seed', 1],
    ['parameters', 13],
    ['exact accuracy (%)', 80],
    ['cell accuracy (%)', 90],
    ['rows', 3],
    ['training (s)', 9],
    ['evaluation (s)', 4],
    ['run', 'run-3'],
  ])
  assert.deepEqual(
    table.map(({ lr, seed, parameters }) => [lr, seed, parameters]),
    rows.map(({ lr, seed, parameters }) => [lr, seed, parameters]),
  )
  assert.deepEqual(
    Object.entries(new Runs(runs.slice(0, 1)).table()[0]!).slice(0, 2),
    [
      ['model', 'trm'],
      ['seed', 0],
    ],
    'nothing varies in one run',
  )
})

test('recursions that keys could express are told apart in labels, tables and curves', () => {
  const named = new Runs(runsOf({ recursion: { paper: trm(3, 6), short: trm(2, 4) }, seed: [0, 1] }))
  assert.deepEqual(
    named.all.map((run) => named.label(run)),
    ['paper', 'paper', 'short', 'short'],
  )
  assert.equal(named.label({ ...named.all[2]! }), 'short', 'a copy of a run has its label')
  assert.deepEqual([...named.final('test.exact').keys()], ['paper', 'short'])
  for (const name of ['paper', 'short']) assert.ok(named.curves('test.exact').data.some((trace) => trace.name === name))
  const texts = new Runs(runsOf({ recursion: [trm(1, 2), null] }))
  assert.deepEqual(
    texts.table().map(({ recursion }) => recursion),
    ['2 × z ← net(z + y + x); y ← net(y + z)', 'trm(3, 6)'],
  )
  const keys = (...inputs: Parameters<typeof parseConfig>[0][]) =>
    differingKeys(inputs.map((input) => parseConfig(input)))
  assert.deepEqual(keys({}, { recursion: trm(3, 6) }), [], 'the same recursion, by keys and as a value')
  assert.deepEqual(keys({ T: 2 }, { T: 4 }, { T: 4, lr: 1 }), ['T', 'lr'])
  assert.deepEqual(keys({ T: 2, n: 1 }, { recursion: [refineLatent, refineAnswer] }), ['recursion'])
})

test('configurations of another version are compared as they are stored', () => {
  const stored = [
    { model: 'trm', oldKey: 1, nested: { list: [1, 2] }, seed: 0 },
    { model: 'trm', oldKey: 2, nested: { list: [1] }, seed: 1 },
  ].map((config) => ({ config }))
  const comparison = new ConfigComparison(stored)
  assert.deepEqual(comparison.keys, ['oldKey', 'nested.list', 'seed'])
  assert.equal(comparison.label(stored[1]!), 'oldKey 2, nested.list [1]')
  assert.deepEqual(new ConfigComparison([]).keys, [])
})
