import assert from 'node:assert/strict'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { mock, test } from 'node:test'
import { Table } from 'apache-arrow'
import { type ColumnTable, desc, op } from 'arquero'
import { tokenColumn } from '../../lib/data/arrow.js'
import { readArrow } from '../../lib/files/arrow.js'
import { tableOfRows } from '../../lib/files/arrow-rows.js'
import { curvesOf, outcomesOf, type RunQuery, runs, runsOf } from '../../lib/index.js'
import { bundleOf } from '../../lib/notebook/bundle.js'
import { writeTable } from '../../lib/results/export.js'
import { momentOf } from '../../lib/results/moment.js'
import { createRun } from '../../lib/results/run.js'
import { temporaryFolder } from '../results/fixture.js'

const folder = temporaryFolder()
const conv = { name: 'conv', source: 'apply: h => h', sha256: '3fa9'.repeat(16) }
const provenance = {
  dataHash: 'd0',
  backend: { name: 'wasm', threads: 2 },
  code: { commit: 'c0ffee', hash: 'abc' },
  machine: { host: 'h0st', cpu: 'a processor' },
  recurlab: '0.1.0',
  node: 'v20',
}

/** IDs of the runs, by name: two finished ones, an unfinished one of a custom mixer. */
const ids = new Map<string, string>()
for (const [i, { name, mixer }] of [
  { name: 'mlp-0', mixer: 'mlp' },
  { name: 'mlp-1', mixer: 'mlp' },
  { name: 'conv', mixer: conv },
].entries()) {
  const config = { task: 'sudoku', mixer, seed: i, trainSteps: 10 * (i + 1), augment: i === 0 ? 3 : 'fresh', lr: 0.5 }
  const label = i === 0 ? { name: 'The First', tags: ['paper', 'x'], note: 'kept' } : {}
  const run = createRun({ resultsDir: folder, config, provenance, name, parameters: 7 + i, label })
  ids.set(name, run.id)
  for (const step of [1, 2, 3])
    run.logMetrics({ step, 'train.loss': 1 / step, lr: step, supervisionSteps: 3, trainSeconds: step })
  for (const [step, exact] of [
    [2, 0.5 + i / 10],
    [4, 0.25],
    [6, Number.NaN],
  ] as const)
    run.logEvaluation({ step, 'test.exact': exact, supervisionSteps: 8, trainSeconds: step, evaluationSeconds: 2 })
  if (name === 'conv') run.finish('interrupted')
  else run.finish('finished')
}

const where = { resultsDir: folder }
const namesIn = (table: ColumnTable): string[] =>
  [...table.array('id')].map((id) => [...ids].find(([, each]) => each === id)![0]).sort()
const found = (filter: RunQuery): string[] => namesIn(runs(filter, where))

/** Returns what a call writes to standard error. */
function errorsOf(call: () => void): string {
  const written = mock.method(process.stderr, 'write', () => true)
  try {
    call()
    return written.mock.calls.map(({ arguments: [text] }) => String(text)).join('')
  } finally {
    written.mock.restore()
  }
}

test('runs() returns a row per run with label, results, every key of the configuration and provenance', () => {
  const table = runs({ id: ids.get('mlp-0')! }, where)
  assert.equal(table.numRows(), 1)
  const row = table.object(0) as Record<string, unknown>
  const expected = {
    id: ids.get('mlp-0'),
    state: 'finished',
    ended: 'trainSteps',
    name: 'The First',
    tags: 'paper, x',
    note: 'kept',
    step: 6,
    'test.exact': Number.NaN,
    'best test.exact': 0.5,
    bestStep: 2,
    'train.loss': 1 / 3,
    trainSeconds: 6,
    evaluationSeconds: 6,
    supervisionSteps: 8,
    parameters: 7,
    task: 'sudoku',
    mixer: 'mlp',
    recursion: 'trm(3, 6)',
    T: 3,
    epochs: null,
    augment: '3',
    lr: 0.5,
    evalHalt: false,
    commit: 'c0ffee',
    codeHash: 'abc',
    dataHash: 'd0',
    backend: 'wasm',
    threads: 2,
    host: 'h0st',
    recurlab: '0.1.0',
    node: 'v20',
  }
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(row[name], value, name)
  assert.ok(row.started instanceof Date)
  assert.ok(existsSync(path.join(String(row.dir), 'config.json')))
  assert.ok(bundleOf(table)['text/html'], 'a notebook shows it as a table')
})

test('a column of runs() has one type, whichever runs are in it', () => {
  const table = runs({}, where)
  for (const name of table.columnNames()) {
    const cells = [...(table.array(name) as unknown[])].filter((cell) => cell !== null)
    const types = new Set(cells.map((cell) => (cell instanceof Date ? 'date' : typeof cell)))
    assert.ok(types.size <= 1, `${name}: ${[...types]}`)
  }
  assert.deepEqual([...table.array('augment')].sort(), ['3', 'fresh', 'fresh'])
  assert.ok([...table.array('mixer')].includes('conv'))
})

test('a table of runs has the same types in every file, with values in its columns or without, and without runs', () => {
  const tables = [
    runs({}, where),
    runs({ seed: 1 }, where),
    runs({ seed: 9 }, where),
    curvesOf(runs({ seed: 1 }, where)),
  ]
  const types = tables.map((table) => {
    const file = path.join(folder, 'types.arrow')
    writeTable(
      table.filter(() => true),
      file,
    )
    return new Map(readArrow(file).schema.fields.map(({ name, type }) => [name, String(type)]))
  })
  for (const [name, type] of Object.entries({
    id: 'Utf8',
    name: 'Utf8',
    started: 'Timestamp<MILLISECOND, UTC>',
    data: 'Utf8',
    evalHalt: 'Bool',
  }))
    assert.deepEqual(
      types.map((each) => each.get(name)),
      types.map(() => type),
      name,
    )
  assert.deepEqual([...types[0]!], [...types[1]!])
})

test('runs() finds runs by values, lists, functions, labels, ages and results', () => {
  assert.deepEqual(found({ mixer: 'mlp' }), ['mlp-0', 'mlp-1'])
  assert.deepEqual(found({ mixer: 'conv' }), ['conv'])
  assert.deepEqual(found({ seed: [0, 2], task: 'sudoku' }), ['conv', 'mlp-0'])
  assert.deepEqual(found({ trainSteps: (steps) => steps > 10 }), ['conv', 'mlp-1'])
  assert.deepEqual(found({ recursion: 'trm(3, 6)', augment: 3 }), ['mlp-0'])
  assert.deepEqual(found({ recursion: null, latents: 'two' }), ['conv', 'mlp-0', 'mlp-1'])
  assert.deepEqual(found({ state: 'interrupted' }), ['conv'])
  assert.deepEqual(found({ ended: null }), ['conv'])
  assert.deepEqual(found({ name: 'first', note: 'KEPT', tag: ['Paper', 'y'] }), ['mlp-0'])
  assert.deepEqual(found({ tag: null }), ['conv', 'mlp-1'])
  assert.deepEqual(found({ tag: (tag) => tag.startsWith('x') }), ['mlp-0'])
  assert.deepEqual(found({ since: '1h', before: new Date(Date.now() + 1000), seed: 1 }), ['mlp-1'])
  assert.deepEqual(found({ before: '1h' }), [])
  assert.deepEqual(found({ parameters: [7, 8], dataHash: 'd0' }), ['mlp-0', 'mlp-1'])
  assert.deepEqual(found({ 'best test.exact': (share) => share > 0.55 }), ['conv', 'mlp-1'])
  assert.deepEqual(found({ 'test.exact': Number.NaN, step: 6 }), ['conv', 'mlp-0', 'mlp-1'])
  assert.deepEqual(found({ epochs: (epochs) => epochs > 0 }), [], 'a function is not asked about missing values')
  assert.deepEqual(found({ mixer: undefined, seed: 1 }), ['mlp-1'])
})

test('an age or a date says since when, in UTC', () => {
  const now = Date.parse('2026-11-30T12:00Z')
  const cases = {
    '30m': '2026-11-30T11:30Z',
    '12h': '2026-11-30T00:00Z',
    '7d': '2026-11-23T12:00Z',
    '1.5w': '2026-11-20T00:00Z',
    '2026-11-28': '2026-11-28T00:00Z',
    '2026-11-28T09:15': '2026-11-28T09:15Z',
    '2026-11-28 09:15:30+01:00': '2026-11-28T08:15:30Z',
  }
  for (const [text, iso] of Object.entries(cases)) assert.equal(momentOf('since', text, now), Date.parse(iso), text)
  for (const wrong of ['yesterday-ish', '7', '7 days', '', '2026-02-31', '2026-13-01', '28.11.2026', 7, new Date('x')])
    assert.throws(() => momentOf('since', wrong, now), { name: 'UserError', message: /^since: expected an age/ })
})

const wrong: readonly [what: string, filter: object, message: RegExp][] = [
  ['a misspelt key', { mixr: 'mlp' }, /^field mixr: .*found an unknown one\. Did you mean mixer\?$/],
  ['a misspelt column', { dataHsh: 'x' }, /Did you mean dataHash\?/],
  ['a metric that no run has', { 'test.exactt': 1 }, /^field test\.exactt: .*Did you mean test\.exact\?/],
  ['a value that no run can have', { mixer: 'mpl' }, /^key mixer: .*found "mpl"\. Did you mean mixer=mlp\?/],
  ['a value of another type in a list', { hidden: [64, 'big'] }, /^key hidden: .*found "big"/],
  ['a misspelt state', { state: 'finishd' }, /^field state: .*Did you mean finished\?/],
  ['a tag that is no text', { tag: 7 }, /^field tag: expected a text.* found 7/],
  ['an inexact time', { since: 'yesterday-ish' }, /^field since: expected an age .* found "yesterday-ish"\.$/],
  [
    'a function without an answer',
    { seed: () => undefined },
    /^field seed: expected a function that returns true or false/,
  ],
  ['a function that returns a promise', { 'test.exact': async () => true }, /one that returns a promise/],
]
for (const [what, filter, message] of wrong)
  test(`runs() rejects ${what} with one error`, () => {
    assert.throws(() => runs(filter as RunQuery, where), { name: 'UserError', message })
  })

test('runs() and runsOf() say what they take instead of a filter or a table of another kind', () => {
  for (const [filter, found] of [
    [null, 'null'],
    ['sudoku', '"sudoku"'],
    [() => true, 'a function'],
    [[], 'a list'],
  ] as const)
    assert.throws(() => runs(filter as unknown as RunQuery, where), {
      name: 'UserError',
      message: `runs(): expected an object of fields, such as { mixer: 'mlp' }, found ${found}.`,
    })
  assert.throws(() => runsOf([] as never), { name: 'UserError', message: /expected a table of runs\(\), found a list/ })
})

test('a folder without runs gives an empty table with the columns of every run; a wrong one is an error', () => {
  const empty = runs({ 'test.exact': 1 }, { resultsDir: temporaryFolder() })
  assert.equal(empty.numRows(), 0)
  assert.deepEqual([...empty.columnNames()], runs({}, where).columnNames())
  assert.equal(curvesOf(empty).numRows(), 0)
  assert.equal(outcomesOf(empty).numRows(), 0)
  assert.equal(runsOf(empty).all.length, 0)
  const missing = path.join(folder, 'nowhere')
  assert.throws(() => runs({}, { resultsDir: missing }), { message: /expected a results folder, found no such folder/ })
  const file = path.join(folder, 'a-file')
  writeFileSync(file, '')
  assert.throws(() => runs({}, { resultsDir: file }), { message: /expected a results folder, found a file/ })
})

test('damaged runs are named on standard error, and do not hide the others', () => {
  const resultsDir = temporaryFolder()
  const made = Array.from({ length: 9 }, (_, seed) => {
    const run = createRun({ resultsDir, config: { seed }, provenance: {} })
    run.logEvaluation({ step: 1, 'test.exact': seed })
    run.finish('finished')
    return run
  })
  rmSync(path.join(made[0]!.dir, 'config.json'))
  writeFileSync(path.join(made[1]!.dir, 'evaluations.arrow'), 'ARROW1 and nothing')
  writeFileSync(path.join(made[2]!.dir, 'label.json'), '{}')
  let table = runs({ seed: 3 }, { resultsDir: folder })
  const text = errorsOf(() => {
    table = runs({}, { resultsDir })
  })
  assert.deepEqual([...table.array('seed')].sort(), [3, 4, 5, 6, 7, 8])
  for (const { id } of made.slice(0, 3)) assert.match(text, new RegExp(`recurlab: run ${id} cannot be read: `))
  for (const { dir } of made.slice(3)) writeFileSync(path.join(dir, 'status.json'), '{}')
  assert.match(
    errorsOf(() => void runs({}, { resultsDir })),
    /recurlab: 4 more runs cannot be read\n$/,
  )
})

test('a row has the totals of training after its last step, and of all evaluations', () => {
  const resultsDir = temporaryFolder()
  const run = createRun({ resultsDir, config: { seed: 0 }, provenance: {} })
  run.logEvaluation({ step: 1, trainMacs: 5, trainSeconds: 1, evaluationMacs: 100, evaluationSeconds: 2 })
  run.logEvaluation({ step: 2, trainMacs: 10, trainSeconds: 2, evaluationMacs: 100, evaluationSeconds: 3 })
  const totals = (): unknown =>
    runs({ evaluationMacs: 200 }, { resultsDir })
      .select('trainMacs', 'trainSeconds', 'evaluationMacs', 'evaluationSeconds', 'trainCpuSeconds')
      .object(0)
  const common = { evaluationMacs: 200, evaluationSeconds: 5, trainCpuSeconds: null }
  assert.deepEqual(totals(), { trainMacs: 10, trainSeconds: 2, ...common })
  run.logMetrics({ step: 1, trainMacs: 5, trainSeconds: 1 })
  run.flush()
  assert.deepEqual(totals(), { trainMacs: 10, trainSeconds: 2, ...common }, 'a step before the evaluation')
  run.logMetrics({ step: 3, trainMacs: 15, trainSeconds: 3 })
  run.finish('interrupted')
  assert.deepEqual(totals(), { trainMacs: 15, trainSeconds: 3, ...common })
})

test('a filtered and sorted table gives its Runs in its order, for curves and comparisons', () => {
  const table = runs({ mixer: 'mlp' }, where)
    .filter((row: { seed: number }) => row.seed < 2)
    .orderby(desc('seed'))
  const chosen = runsOf(table)
  assert.deepEqual(
    chosen.all.map(({ config }) => config.seed),
    [1, 0],
  )
  assert.equal(chosen.all[0]!.metrics.length, 3)
  assert.throws(() => runsOf(table.select('id', 'seed')), {
    name: 'UserError',
    message: /expected the column dir of runs\(\), found id, seed\. Keep dir/,
  })
})

test('curvesOf() joins metrics and evaluations of each step with the columns of the runs', () => {
  const table = runs({ mixer: 'mlp' }, where).select('id', 'dir', 'mixer', 'seed', 'lr', 'test.exact').orderby('seed')
  const curves = curvesOf(table)
  const first = curves.objects().filter((row) => (row as { seed: number }).seed === 0)
  const run = { id: ids.get('mlp-0'), dir: table.get('dir', 0), mixer: 'mlp', seed: 0, lr: 0.5 }
  const none = { 'test.exact': null, supervisionSteps: null, evaluationSeconds: null }
  const untrained = { 'train.loss': null, 'train.lr': null, 'train.supervisionSteps': null }
  const evaluated = { supervisionSteps: 8, evaluationSeconds: 2 }
  const trained = (step: number) => ({ 'train.loss': 1 / step, 'train.lr': step, 'train.supervisionSteps': 3 })
  assert.deepEqual(first, [
    { ...run, step: 1, ...none, trainSeconds: 1, ...trained(1) },
    { ...run, step: 2, ...evaluated, 'test.exact': 0.5, trainSeconds: 2, ...trained(2) },
    { ...run, step: 3, ...none, trainSeconds: 3, ...trained(3) },
    { ...run, step: 4, ...evaluated, 'test.exact': 0.25, trainSeconds: 4, ...untrained },
    { ...run, step: 6, ...evaluated, 'test.exact': Number.NaN, trainSeconds: 6, ...untrained },
  ])
  const means = curves
    .groupby('mixer', 'step')
    .rollup({ exact: op.mean('test.exact') })
    .filter((row: { step: number }) => row.step === 2)
  assert.deepEqual(means.objects(), [{ mixer: 'mlp', step: 2, exact: 0.55 }])
  assert.deepEqual(curves.join(table, ['id', 'id'], [['step'], ['seed']]).numRows(), 10)
})

test('an evaluation of both sets of weights is two rows of its step', () => {
  const resultsDir = temporaryFolder()
  const run = createRun({ resultsDir, config: { seed: 0 }, provenance: {} })
  run.logMetrics({ step: 2, 'train.loss': 1 })
  run.logEvaluation({ step: 2, weights: 'live', 'test.exact': 0.9 }, { step: 2, weights: 'ema', 'test.exact': 0.5 })
  run.finish('finished')
  const table = runs({}, { resultsDir })
  assert.equal(table.get('best test.exact', 0), 0.5, 'results are those of the EMA')
  const curves = curvesOf(table).select('step', 'weights', 'test.exact', 'train.loss')
  assert.deepEqual(curves.objects(), [
    { step: 2, weights: 'live', 'test.exact': 0.9, 'train.loss': 1 },
    { step: 2, weights: 'ema', 'test.exact': 0.5, 'train.loss': 1 },
  ])
})

test('outcomesOf() joins what became of every puzzle with the columns of its run, and names runs without outcomes', () => {
  const resultsDir = temporaryFolder()
  for (const seed of [0, 1, 2]) {
    const run = createRun({ resultsDir, config: { seed }, provenance: {} })
    run.logEvaluation({ step: 1, supervisionSteps: 8 })
    const rows = tableOfRows([{ id: 'test/0', exact: seed === 0, supervisionSteps: 4 }])
    const outcomes = rows.assign(new Table({ prediction: tokenColumn(Uint8Array.of(1, 2, 3), 1, 3) }))
    if (seed < 2) run.writeOutcomes(outcomes)
    run.finish('finished')
  }
  const table = runs({}, { resultsDir }).orderby('seed')
  let outcomes = table
  const text = errorsOf(() => {
    outcomes = outcomesOf(table)
  })
  assert.match(text, /expected an outcomes\.arrow, found none: the run is unfinished/)
  const shown = outcomes.select('id', 'puzzleId', 'exact', 'supervisionSteps', 'seed').objects()
  const row = (seed: number) => ({
    id: table.array('id')[seed],
    puzzleId: 'test/0',
    exact: seed === 0,
    supervisionSteps: 4,
    seed,
  })
  assert.deepEqual(shown, [row(0), row(1)])
  assert.deepEqual(outcomes.get('prediction', 0), Uint8Array.of(1, 2, 3))
  const file = path.join(folder, 'outcomes.arrow')
  writeTable(outcomes, file)
  assert.equal(readArrow(file).numRows, 2)
})
