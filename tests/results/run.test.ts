import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { rowsOfTable } from '../../lib/files/arrow-rows.js'
import { processSpace } from '../../lib/files/owner.js'
import {
  createRun,
  type LogRow,
  listRuns,
  openRun,
  readEvaluations,
  readMetrics,
  resumeRun,
} from '../../lib/results/run.js'
import fc from '../fast-check.js'
import { withFailure } from '../files/failing.js'
import { newRun, setOwner, temporaryFolder } from './fixture.js'

const results = temporaryFolder()

const metrics = (step: number): LogRow => ({ step, 'train.loss': 1 / step, 'train.exact': step < 3 ? null : 0.5 })
const evaluation = (step: number): LogRow => ({ step, 'test.exact': step / 100, supervisionSteps: 8, weights: 'ema' })

test('a new run has its files, a sortable ID and says that it runs', () => {
  const run = newRun(results)
  assert.match(run.id, /^\d{8}-\d{6}-sudoku-pocket-[0-9a-f]{4}$/)
  const files = [
    'config.json',
    'evaluations.arrow',
    'lease-000001.json',
    'metrics.arrow',
    'provenance.json',
    'status.json',
  ]
  assert.deepEqual(readdirSync(run.dir).sort(), files)
  const record = openRun(run.id, results)
  assert.equal(record.state, 'running')
  assert.deepEqual(record.config, { preset: 'sudoku-pocket', seed: 0 })
  assert.deepEqual(rowsOfTable(readMetrics(record)), [])
})

test('runs that started in the same second are listed in the order of their start', async () => {
  const folder = path.join(results, 'same-second')
  const ids: string[] = []
  for (let i = 0; i < 12; i++) {
    const run = newRun(folder)
    run.finish('finished')
    ids.push(run.id)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.deepEqual(
    listRuns(folder).runs.map(({ id }) => id),
    ids,
  )
})

test('rows are in memory until a flush or an evaluation, then in the files', () => {
  const run = newRun(results)
  run.logMetrics(metrics(1))
  assert.equal(readMetrics(run).numRows, 0)
  run.flush()
  assert.deepEqual(rowsOfTable(readMetrics(run)), [metrics(1)])
  run.logMetrics(metrics(2))
  run.logEvaluation(evaluation(2))
  assert.deepEqual(rowsOfTable(readMetrics(run)), [metrics(1), metrics(2)])
  assert.deepEqual(rowsOfTable(readEvaluations(run)), [evaluation(2)])
  run.finish('finished')
  const { status, state } = openRun(run.dir)
  assert.equal(state, 'finished')
  assert.equal(status.step, 2)
  assert.throws(() => run.logMetrics(metrics(3)), /is finished/)
})

test('a column that comes late is null before, and numbers keep one type whatever their values', () => {
  const run = newRun(results)
  run.logMetrics({ step: 1, a: 1 })
  run.logMetrics({ step: 2, a: 2, late: true })
  run.flush()
  const table = readMetrics(run)
  assert.equal(table.schema.fields.map(({ name, type }) => `${name} ${type}`).join(), 'step Int32,a Float64,late Bool')
  assert.deepEqual(rowsOfTable(table)[0], { step: 1, a: 1, late: null })
})

test('steps go up and are whole', () => {
  const run = newRun(results)
  run.logMetrics(metrics(5))
  assert.throws(() => run.logMetrics(metrics(4)), /step 4 logged after 5/)
  assert.throws(() => run.logMetrics(metrics(5.5)), RangeError)
})

test('a run interrupted anywhere and resumed has the files of one that was not', () => {
  const go = (dir: string, steps: readonly number[], run = newRun(dir)): ReturnType<typeof newRun> => {
    for (const step of steps) {
      run.logMetrics({ ...metrics(step), ...(step % 4 === 0 ? { extra: step } : {}) })
      if (step % 3 === 0) run.logEvaluation(evaluation(step))
    }
    return run
  }
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
  const whole = go(results, range(1, 13))
  whole.finish('finished')
  fc.assert(
    fc.property(fc.nat(12), fc.nat(12), (a, b) => {
      const [saved, killed] = [Math.min(a, b), Math.max(a, b)]
      const first = go(results, range(1, saved + 1))
      first.flush() // as a checkpoint does
      go(results, range(saved + 1, killed + 1), first)
      const second = resumeRun(openRun(first.id, results), saved)
      go(results, range(saved + 1, 13), second).finish('finished')
      for (const name of ['metrics.arrow', 'evaluations.arrow'])
        assert.deepEqual(readFileSync(path.join(second.dir, name)), readFileSync(path.join(whole.dir, name)))
      assert.equal(openRun(second.dir).status.step, 12)
    }),
    { numRuns: 10 },
  )
})

test('where a resumed run went on is kept beside where it began', () => {
  const run = newRun(results)
  run.finish('interrupted')
  resumeRun(openRun(run.dir), 0, { node: 'v1' }).finish('interrupted')
  resumeRun(openRun(run.dir), 0, { node: 'v2' }).finish('finished')
  assert.deepEqual(openRun(run.dir).provenance, {
    seed: 0,
    resumed: [
      { step: 0, node: 'v1' },
      { step: 0, node: 'v2' },
    ],
  })
})

test('a run whose process is gone is interrupted; one that another process writes is left alone', () => {
  const run = newRun(results)
  setOwner(run.dir, { pid: 2 ** 22 + 1 })
  assert.equal(openRun(run.dir).state, 'interrupted')
  setOwner(run.dir, { pid: 1, began: '' })
  assert.equal(openRun(run.dir).state, 'running')
  assert.throws(() => resumeRun(openRun(run.dir), 0), {
    name: 'UserError',
    message: /no other process is writing, found one that process 1/,
  })
})

test('a process number used again is not taken for the first process', { skip: process.platform !== 'linux' }, () => {
  const run = newRun(results)
  setOwner(run.dir, { began: '1' })
  assert.equal(openRun(run.dir).state, 'interrupted')
})

test('runs open by a beginning of their ID that is theirs alone', () => {
  const folder = temporaryFolder()
  const a = createRun({ resultsDir: folder, config: {}, provenance: {}, name: 'A b/ü' })
  assert.match(a.id, /-a-b-[0-9a-f]{4}$/)
  assert.equal(openRun(a.id.slice(0, 8), folder).id, a.id)
  newRun(folder)
  assert.throws(() => openRun(a.id.slice(0, 4), folder), {
    name: 'UserError',
    message: /expected one run that begins with/,
  })
  assert.throws(() => openRun('zzz', folder), {
    name: 'UserError',
    message: /expected a run "zzz", found .*recurlab runs lists them/,
  })
  assert.throws(() => openRun('zzz', path.join(folder, 'none')), { message: /found no runs/ })
  assert.throws(() => openRun(folder + path.sep), { message: /config\.json, found a folder without one/ })
})

test('damaged runs are listed with their fault and hide no other', () => {
  const folder = temporaryFolder()
  const whole = newRun(folder)
  const faults: [file: string, content: string | null, message: RegExp][] = [
    ['config.json', null, /config\.json, found a folder without one/],
    [
      'config.json',
      '[]',
      /config\.json: expected the file that the run was made with \(SHA-256 \w+\), found another one/,
    ],
    ['status.json', '{"state":', /status\.json: expected JSON/],
    ['status.json', '{"formatVersion":2}', /status\.json: expected .* format version 7, found version 2/],
    ['status.json', '{"formatVersion":7}', /status\.json: expected an unmodified object/],
    ['provenance.json', null, /provenance\.json: expected a readable file/],
  ]
  for (const [file, content, message] of faults) {
    const { id, dir } = newRun(folder)
    rmSync(path.join(dir, file))
    if (content !== null) writeFileSync(path.join(dir, file), content)
    const { runs, damaged } = listRuns(folder)
    assert.deepEqual(
      runs.map((run) => run.id),
      [whole.id],
    )
    assert.equal(damaged[0]?.id, id)
    assert.match(damaged[0]?.problem ?? '', message)
    rmSync(dir, { recursive: true })
  }
})

test('damaged metrics are refused before they are parsed', () => {
  const run = newRun(results)
  run.logEvaluation(evaluation(1))
  const file = path.join(run.dir, 'evaluations.arrow')
  const bytes = readFileSync(file)
  bytes[bytes.length >> 1]! ^= 4
  writeFileSync(file, bytes)
  assert.throws(() => readEvaluations(run), { name: 'UserError', message: /expected SHA-256/ })
})

for (const how of ['once', 'for good'] as const)
  test(`whichever file operation of a flush fails ${how}, rows stay readable, and a later flush mends all`, () => {
    for (let n = 0; ; n++) {
      const run = newRun(results)
      run.logMetrics(metrics(1))
      run.logEvaluation(evaluation(1))
      run.logMetrics(metrics(2))
      const { operations, error } = withFailure(n, how, () => run.logEvaluation(evaluation(2)))
      const seen = [readMetrics(run), readEvaluations(run)].map((table) => table.numRows)
      assert.ok(
        seen.every((rows) => rows === 1 || rows === 2),
        `${n}: ${seen}`,
      )
      run.logMetrics(metrics(3))
      run.flush()
      assert.deepEqual(rowsOfTable(readMetrics(run)), [metrics(1), metrics(2), metrics(3)])
      assert.deepEqual(rowsOfTable(readEvaluations(run)), [evaluation(1), evaluation(2)])
      if (operations <= n) break
      if (error !== null) assert.equal((error as Error).name, 'UserError')
    }
  })

test('whichever file operation of a new run fails, there is no half run', () => {
  for (let n = 0; ; n++) {
    const folder = temporaryFolder()
    const { operations, error } = withFailure(n, 'once', () => newRun(folder))
    const { runs, damaged } = listRuns(folder)
    assert.deepEqual(damaged, [])
    if (error === null) assert.equal(runs.length, 1)
    else assert.equal((error as Error).name, 'UserError')
    if (operations <= n) break
  }
})

test('the folder of a run that a killed process was about to make is removed by the next run, with a lease or without', () => {
  const folder = temporaryFolder()
  const runs = path.join(folder, 'runs')
  const dead = path.join(runs, `.20260101-000000-x-abcd.${2 ** 22 + 1}-${processSpace()}-0.tmp`)
  const elsewhere = path.join(runs, `.20260101-000000-x-abcd.${2 ** 22 + 1}-0123456789ab-0.tmp`)
  const atWork = path.join(runs, `.20260101-000000-x-abcd.${process.ppid}-${processSpace()}-0.tmp`)
  for (const unborn of [dead, elsewhere, atWork]) mkdirSync(unborn, { recursive: true })
  // To a process whose clock is ahead, a folder that has just been made looks old.
  utimesSync(atWork, 0, 0)
  const { id } = newRun(folder)
  assert.deepEqual(readdirSync(runs).sort(), [path.basename(elsewhere), path.basename(atWork), id].sort())
})

test('a failed run on a full disk keeps the first failure', () => {
  const run = newRun(results)
  run.logMetrics(metrics(1))
  assert.equal(withFailure(0, 'for good', () => run.finish('failed', 'why')).error, null)
  assert.match(String(withFailure(0, 'for good', () => run.finish('finished')).error), /no space left/)
  run.finish('failed', 'why')
  assert.equal(openRun(run.dir).status.message, 'why')
})

test('a results folder that cannot be written to is one clear error', () => {
  const folder = temporaryFolder()
  writeFileSync(path.join(folder, 'runs'), '')
  assert.throws(() => newRun(folder), {
    name: 'UserError',
    message: /runs: expected a folder that can be created, found .*out=DIR/,
  })
})

test('a results folder without permission is one clear error', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, () => {
  const folder = temporaryFolder()
  mkdirSync(path.join(folder, 'runs'))
  chmodSync(path.join(folder, 'runs'), 0o500)
  assert.throws(() => newRun(folder), { name: 'UserError', message: /permission denied \(EACCES\).*out=DIR/ })
})
