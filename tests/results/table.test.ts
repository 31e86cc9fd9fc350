import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fromArrow, table } from 'arquero'
import { readArrow } from '../../lib/files/arrow.js'
import { rowsOfTable, tableOfRows } from '../../lib/files/arrow-rows.js'
import { compareRuns } from '../../lib/results/comparison.js'
import { toCsv, writeTable } from '../../lib/results/export.js'
import { createRun, listRuns, type RunRecord } from '../../lib/results/run.js'
import { temporaryFolder } from './fixture.js'

const folder = temporaryFolder()

function threeRuns(): RunRecord[] {
  const resultsDir = temporaryFolder()
  const variants = [
    { mixer: 'mlp', seed: 0, exact: [0.5, 0.9, 0.8] },
    { mixer: 'mlp', seed: 1, exact: [0.4] },
    { mixer: 'attention', seed: 0, exact: [] },
  ]
  for (const { mixer, seed, exact } of variants) {
    const config = { model: 'trm', mixer, seed, lr: 1e-3, arch: { heads: seed, puzzle: [1, 2] } }
    const run = createRun({ resultsDir, config, provenance: {}, name: `${mixer}-${seed}`, parameters: 7 })
    run.logMetrics({ step: 1, 'train.loss': 2, trainSeconds: 0.1 })
    exact.forEach((value, i) => {
      const step = { step: 10 * (i + 1), trainSeconds: i, evaluationSeconds: 2 }
      run.logEvaluation({ ...step, 'test.exact': 0, 'test.cells': 0, weights: 'live' })
      run.logEvaluation({ ...step, 'test.exact': value, 'test.cells': 1, weights: 'ema' })
    })
    run.finish('finished')
  }
  const order = ['mlp-0', 'mlp-1', 'attention-0']
  const at = (run: RunRecord): number => order.findIndex((name) => run.id.includes(name))
  return listRuns(resultsDir).runs.sort((a, b) => at(a) - at(b))
}

test('a comparison shows the keys that differ, nested ones too, and last and best results', () => {
  const runs = threeRuns()
  const shown = compareRuns(runs).map(({ id, ...rest }) => rest)
  const common = { state: 'finished', parameters: 7 }
  assert.deepEqual(shown, [
    {
      ...common,
      mixer: 'mlp',
      seed: 0,
      'arch.heads': 0,
      step: 30,
      'test.exact': 0.8,
      'best test.exact': 0.9,
      'test.cells': 1,
      trainSeconds: 2,
      evaluationSeconds: 6,
    },
    {
      ...common,
      mixer: 'mlp',
      seed: 1,
      'arch.heads': 1,
      step: 10,
      'test.exact': 0.4,
      'best test.exact': 0.4,
      'test.cells': 1,
      trainSeconds: 0,
      evaluationSeconds: 2,
    },
    {
      ...common,
      mixer: 'attention',
      seed: 0,
      'arch.heads': 0,
      step: 1,
      'test.exact': null,
      'best test.exact': null,
      'test.cells': null,
      trainSeconds: null,
      evaluationSeconds: null,
    },
  ])
  assert.deepEqual(Object.keys(compareRuns(runs.slice(0, 1))[0]!).slice(0, 3), ['id', 'state', 'parameters'])
})

test('tables go out as Arrow that arquero reads, and as CSV', () => {
  const rows = [
    { name: 'a,"b"\n', value: 0.1, ok: true },
    { name: '', value: null, ok: false },
  ]
  for (const source of [
    rows,
    tableOfRows(rows),
    table({ name: ['a,"b"\n', ''], value: [0.1, null], ok: [true, false] }),
  ]) {
    const arrow = path.join(folder, 't.arrow')
    writeTable(source, arrow)
    assert.deepEqual(rowsOfTable(readArrow(arrow)), rows)
    assert.deepEqual(fromArrow(readFileSync(arrow)).objects(), rows)
    const csv = path.join(folder, 't.csv')
    writeTable(source, csv)
    assert.equal(readFileSync(csv, 'utf8'), 'name,value,ok\r\n"a,""b""\n",0.1,true\r\n"",,false\r\n')
  }
  assert.throws(() => writeTable(rows, 'x.xlsx'), { name: 'UserError', message: /\.arrow or \.csv/ })
  assert.equal(toCsv([]), '')
})

test('column names of any kind keep their order and values', () => {
  const row = JSON.parse('{"b":1,"1":"x","__proto__":true,"toString":null}') as Record<string, string>
  const read = rowsOfTable(tableOfRows([row]))
  assert.equal(JSON.stringify(read), JSON.stringify([row]))
})

test('numbers that are hard to keep are kept', () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 5e-324, null]
  const read = rowsOfTable(tableOfRows(values.map((x) => ({ x })))).map((row) => row.x)
  assert.deepEqual(read, values)
})
