import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import {
  type Dataset,
  loadRun,
  preset,
  type RunObserver,
  recursion,
  refineAnswer,
  refineLatent,
  repeat,
  resume,
  saveDataset,
  sudoku,
  sweep,
  train,
  trm,
  type Update,
} from '../../lib/index.js'
import { loadCheckpoint } from '../../lib/results/checkpoint.js'
import { openRun } from '../../lib/results/run.js'
import { recurlab } from '../recurlab.js'

let resultsDir = ''
let folder = ''
let data: Dataset
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-recursion-'))
  folder = path.join(resultsDir, 'sudoku')
  saveDataset(await sudoku({ box: '2x2', clues: 6, train: 30, test: 10, seed: 3 }), folder)
  data = await sudoku({ box: '2x2', clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base = preset('sudoku-pocket', {
  hidden: 16,
  T: 2,
  n: 2,
  K: 2,
  batch: 8,
  trainSteps: 4,
  evalEvery: 2,
  evalBatch: 10,
  checkpointEvery: 2,
})
const observer: RunObserver = {}

// The cell of the design.
const twice = ({ T, n }: { T: number; n: number }) =>
  repeat(T, [...repeat(n, [refineLatent]), refineAnswer, refineAnswer])
const oneLatent: Update = ({ net }, x, { y, z }) => ({ z: net(z, x), y: net(z, y) })

test('a sweep over recursions by name trains each, and shows them by their names in tables, curves, bars and its lines', async () => {
  const runs = await sweep(
    base,
    { recursion: { paper: trm(2, 2), 'y twice': twice({ T: 2, n: 2 }), mine: [oneLatent, oneLatent] }, seed: [0, 1] },
    data,
    { resultsDir, observer },
  )
  assert.deepEqual(
    runs.table().map((row) => `${row.recursion} ${row.seed}`),
    ['paper 0', 'paper 1', 'y twice 0', 'y twice 1', 'mine 0', 'mine 1'],
  )
  assert.deepEqual(Object.keys(runs.table()[0]!).slice(0, 2), ['recursion', 'seed'])
  assert.deepEqual([...runs.final('test.cells').keys()], ['paper', 'y twice', 'mine'])
  assert.ok(runs.curves('test.cells').data.some((trace) => trace.name === 'y twice'))
  assert.match(JSON.stringify(runs.bars('test.cells', { paper: 50 })), /y twice/)

  // The record has the recursion and its name; the run of the preset is the same as that of its recursion.
  const stored = JSON.parse(readFileSync(path.join(runs.all[2]!.dir, 'config.json'), 'utf8'))
  const { model } = stored.resolved
  assert.equal(model.recursion.name, 'y twice')
  assert.deepEqual(
    [model.recursion.order.length, model.recursion.gradientUpdates, model.T, model.n],
    [8, 4, undefined, undefined],
  )
  const id = await train({ ...base, seed: 0 }, data, { resultsDir, observer })
  const numbers = (run: string) =>
    [...loadCheckpoint(openRun(run, resultsDir)).tensors].filter(([name]) => !name.includes('/'))
  assert.deepEqual(numbers(id), numbers(runs.all[0]!.id))
  assert.equal(
    await train({ ...base, recursion: trm(2, 2), seed: 0 }, data, { resultsDir, observer, resume: true }),
    id,
  )
  assert.equal(
    await train({ ...base, recursion: recursion([oneLatent, oneLatent], { name: 'other' }) }, data, {
      resultsDir,
      observer,
      resume: true,
    }),
    runs.all[4]!.id,
  )

  const list = await recurlab(['runs', 'recursion=y twice', `out=${resultsDir}`])
  assert.equal(list.code, 0, list.stderr)
  assert.match(list.stdout, /y twice: 2 × \(2 × z ← net\(z \+ y \+ x\); 2 × y ← net\(y \+ z\)\)/)
  const all = await recurlab(['runs', `out=${resultsDir}`, '--json'])
  const rows = JSON.parse(all.stdout) as { recursion: string }[]
  assert.deepEqual(
    rows.map((row) => row.recursion),
    ['paper', 'paper', 'y twice', 'y twice', 'mine', 'mine', 'trm(2, 2)'],
  )
  for (const text of ['trm(2, 2)', 'null']) {
    const byKeys = await recurlab(['runs', `recursion=${text}`, `out=${resultsDir}`, '--json'])
    assert.deepEqual(
      (JSON.parse(byKeys.stdout) as { id: string }[]).map((row) => row.id),
      [id],
    )
  }
})

test('values of any key may be named, and one recursion under two names is refused as equal rows', async () => {
  const runs = await sweep({ ...base, trainSteps: 1 }, { lr: { slow: 1e-4, fast: 1e-2 } }, data, {
    resultsDir,
    observer,
  })
  assert.deepEqual(
    runs.table().map((row) => row.lr),
    ['slow', 'fast'],
  )
  assert.deepEqual([...runs.final('test.cells').keys()], ['slow', 'fast'])
  await assert.rejects(
    sweep(base, { recursion: { a: [oneLatent, oneLatent], b: repeat(1, [oneLatent, oneLatent]) } }, data, {
      resultsDir,
      observer,
    }),
    /key recursion of the grid: expected runs that differ, found runs 1 and 2 that train the same: recursion a and recursion b/,
  )
  await assert.rejects(
    sweep(base, { recursion: { a: trm(2, 2), b: null } }, data, { resultsDir, observer }),
    /runs 1 and 2 that train the same: recursion a and recursion left open/,
  )
  await assert.rejects(sweep(base, { recursion: {} }, data, { resultsDir, observer }), /at least one value, found none/)
})

test('a run with its own recursion goes on, is evaluated, solves and is exported by processes that do not have its code', async () => {
  const made = recursion(twice({ T: 2, n: 1 }), { name: 'y twice' })
  const config = { ...base, recursion: made, trainSteps: 6, data: folder }
  const whole = await train(config, { resultsDir, observer })
  const stop = new AbortController()
  const part = await train(config, {
    resultsDir,
    observer: { onStep: ({ step }) => void (step === 4 && stop.abort()) },
    signal: stop.signal,
  })
  assert.equal(openRun(part, resultsDir).state, 'interrupted')
  const resumed = await recurlab(['resume', part, `out=${resultsDir}`])
  assert.equal(resumed.code, 0, resumed.stderr)
  const tensors = (run: string) => loadCheckpoint(openRun(run, resultsDir)).tensors
  assert.deepEqual([...tensors(part)], [...tensors(whole)])

  const evaluated = await recurlab(['eval', part, `out=${resultsDir}`, '--json'])
  assert.equal(evaluated.code, 0, evaluated.stderr)
  assert.equal(JSON.parse(evaluated.stdout)['test.cells'], loadRun(whole, resultsDir).evaluations.at(-1)!['test.cells'])

  const solved = await recurlab(['solve', part, '.'.repeat(16), `out=${resultsDir}`, '--json'])
  // 1: what a model answers that has learned next to nothing solves nothing.
  assert.ok(solved.code === 0 || solved.code === 1, solved.stderr)
  assert.equal(JSON.parse(solved.stdout).steps.length, 2)

  const file = path.join(resultsDir, 'twice.safetensors')
  const exported = await recurlab(['export', part, `out=${file}`, `results=${resultsDir}`])
  assert.equal(exported.code, 0, exported.stderr)
  assert.match(exported.stdout, /recursion +y twice: 2 × \(z ← net\(z \+ y \+ x\); 2 × y ← net\(y \+ z\)\)/)
  assert.match(exported.stdout, /the published code does not support it/)
  const imported = await recurlab(['import', file])
  assert.equal(imported.code, 0, imported.stderr)
  assert.match(imported.stdout, /y twice/)
  const ofFile = await recurlab(['eval', file, `data=${folder}`, '--json'])
  assert.equal(ofFile.code, 0, ofFile.stderr)
  assert.equal(JSON.parse(ofFile.stdout)['test.cells'], JSON.parse(evaluated.stdout)['test.cells'])
})

test('the command line trains a recursion from a file of JSON, with a latent of its own, and goes on with it', async () => {
  const remember: Update<'m'> = ({ net }, x, { z, m }) => ({ m: net(m, z, x) })
  const answer: Update<'m'> = ({ net }, _, { y, m }) => ({ y: net(y, m) })
  const file = path.join(resultsDir, 'memory.json')
  writeFileSync(file, JSON.stringify(recursion(repeat(2, [refineLatent, remember, answer]), { name: 'memory' })))
  const small = ['hidden=16', 'K=2', 'batch=8', 'trainSteps=2', 'trainPuzzles=20', 'testPuzzles=10', 'seed=5']
  const out = path.join(resultsDir, 'own')
  const trained = await recurlab(['train', 'sudoku-pocket', `recursion=${file}`, ...small, `out=${out}`])
  assert.equal(trained.code, 0, trained.stderr)
  const list = await recurlab(['runs', `out=${out}`])
  assert.match(list.stdout, /memory: 2 × \(z ← net\(z \+ y \+ x\); m ← net\(m \+ z \+ x\); y ← net\(y \+ m\)\)/)
  assert.ok(existsSync(file))
  const wrong = await recurlab(['train', 'sudoku-pocket', 'recursion=trm', ...small, `out=${out}`])
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /^recurlab: trm: expected /)
  assert.doesNotMatch(wrong.stderr, /\n\s+at /)
})

test('a run is resumed in the process that made it, too', async () => {
  const stop = new AbortController()
  const config = { ...base, recursion: [oneLatent, oneLatent], seed: 9 }
  const id = await train(config, data, {
    resultsDir,
    observer: { onStep: ({ step }) => void (step === 3 && stop.abort()) },
    signal: stop.signal,
  })
  await resume(id, { resultsDir, observer })
  assert.equal(openRun(id, resultsDir).state, 'finished')
})
