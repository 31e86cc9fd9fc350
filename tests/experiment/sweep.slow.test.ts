import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { parseConfig } from '../../lib/config/parse.js'
import { type ResolvedConfig, resolveConfig } from '../../lib/config/resolved.js'
import type { InitOptions } from '../../lib/experiment/run/begin.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import { readArrow } from '../../lib/files/arrow.js'
import { rowsOfTable } from '../../lib/files/arrow-rows.js'
import { projectFolder } from '../../lib/files/places.js'
import type { Config, Dataset, FinishedRun, Grid, RunObserver, SweepOptions } from '../../lib/index.js'
import { evaluateRun, Runs, resume, solve, sudoku, sweep, train } from '../../lib/index.js'
import { writeTable } from '../../lib/results/export.js'
import { openRun } from '../../lib/results/run.js'
import { runningSources } from '../../lib/results/sources.js'
import { saveDataset } from '../../lib/storage/store.js'
import { checkpointPath } from '../results/fixture.js'
import { timeless } from '../timeless.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-sweep-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 2, evalBatch: 10 }
const silent: RunObserver = {}

test('a sweep trains every combination and its runs compare themselves', async () => {
  const seen: string[] = []
  const observer: RunObserver = {
    onStart: ({ config }) => seen.push(`${config.mixer} ${config.seed}`),
    onEvaluation: (step) => seen.push(String(step)),
  }
  const runs = await sweep(base, { mixer: ['mlp', 'attention'], seed: [0, 1] }, data, { resultsDir, observer })
  assert.deepEqual(seen, ['mlp 0', '2', '4', 'mlp 1', '2', '4', 'attention 0', '2', '4', 'attention 1', '2', '4'])
  const table = runs.table()
  assert.deepEqual(
    table.map(({ mixer, seed }) => `${mixer}${seed}`),
    ['mlp0', 'mlp1', 'attention0', 'attention1'],
  )
  assert.deepEqual(Object.keys(table[0]!), [
    'mixer',
    'seed',
    'parameters',
    'exact accuracy (%)',
    'cell accuracy (%)',
    'training (s)',
    'evaluation (s)',
    'training (CPU s)',
    'training (TMAC)',
    'run',
  ])
  assert.deepEqual([...runs.final('test.cells').keys()], ['mlp', 'attention'])
  const curves = runs.curves('test.cells')
  assert.ok(curves.data.some((trace) => trace.name === 'mlp'))
  const bars = runs.bars('test.exact', { mlp: 87.4 }, { names: { mlp: 'MLP' } })
  assert.match(JSON.stringify(bars), /reported in the paper.*87\.4/)
})

test('nothing is trained when one combination of a sweep is wrong', async () => {
  let started = false
  const observer: RunObserver = {
    onStart: () => {
      started = true
    },
  }
  await assert.rejects(
    sweep(base, { mixer: ['attention'], heads: [4, 16] }, data, { resultsDir, observer }),
    /even head size/,
  )
  assert.equal(started, false)
})

test('a run keeps what its data set was made of, so that it can be resumed without it, and leaks no tensor', async () => {
  const { numTensors } = tf.memory()
  const stop = new AbortController()
  const observer: RunObserver = {
    onStep: ({ step }) => {
      if (step === 3) stop.abort()
    },
  }
  const id = await train({ ...base, trainSteps: 6, seed: 5 }, data, { resultsDir, observer, signal: stop.signal })
  const { config, asked } = openRun(id, resultsDir)
  assert.deepEqual(
    [config.box, config.clues, config.trainPuzzles, config.testPuzzles, config.dataSeed],
    ['2x2', 6, 30, 10, 3],
  )
  assert.deepEqual(asked, { ...base, trainSteps: 6, seed: 5 })
  const text = readFileSync(path.join(resultsDir, 'runs', id, 'config.json'), 'utf8')
  const { resolved } = JSON.parse(text) as { resolved: ResolvedConfig }
  assert.deepEqual(resolved, JSON.parse(JSON.stringify(resolveConfig(parseConfig(config)))))
  await resume(id, { resultsDir, observer: silent })
  const whole = await train({ ...base, trainSteps: 6, seed: 5 }, data, { resultsDir, observer: silent })
  const numbers = (run: string) => timeless(loadRun(run, resultsDir).metrics)
  assert.deepEqual(numbers(id), numbers(whole))
  assert.equal(tf.memory().numTensors, numTensors)
})

test('an evaluation alone gives what the evaluation in the loop gave', async () => {
  const id = await train({ ...base, seed: 8 }, data, { resultsDir, observer: silent })
  const { evaluation, step } = await evaluateRun(id, { resultsDir })
  const inLoop = loadRun(id, resultsDir).evaluations.at(-1)!
  assert.equal(step, 4)
  assert.deepEqual(
    [evaluation['test.exact'], evaluation['test.cells'], evaluation['test.haltAccuracy'], evaluation['test.halted']],
    [inLoop['test.exact'], inLoop['test.cells'], inLoop['test.haltAccuracy'], inLoop['test.halted']],
  )
  assert.equal(evaluation.outcomes.length, 10)
})

test('no runs make an empty table', () => {
  assert.deepEqual(new Runs([]).table(), [])
})

test('a batch that memory cannot hold is refused before the run is made', async () => {
  await assert.rejects(
    train({ ...base, hidden: 16384, layers: 64 }, data, { resultsDir }),
    /memory: expected at most .* the free memory of the machine, found a step that needs/,
  )
})

const refused = (work: Promise<unknown>, message: RegExp) =>
  assert.rejects(work, { name: 'UserError', message, exitCode: 2 })

test('the table and its files hold the varied values in their own types', async () => {
  const [mlp] = (await sweep(base, { lr: [1e-3] }, data, { resultsDir, observer: silent })).all
  const config = (change: Partial<Config>): FinishedRun => ({ ...mlp!, config: { ...mlp!.config, ...change } })
  const runs = new Runs([
    config({ lr: 0.004, evalHalt: true, mixer: 'mlp', augment: 'fresh', evalVersions: null }),
    config({ lr: 0.001, evalHalt: false, mixer: 'attention', augment: 2, evalVersions: 3 }),
  ])
  const table = runs.table()
  assert.equal(table.find((row) => row.lr === 0.004)?.mixer, 'mlp')
  const values = table.map(({ lr, evalHalt, augment, evalVersions }) => [lr, evalHalt, augment, evalVersions])
  assert.deepEqual(values, [
    [0.004, true, 'fresh', null],
    [0.001, false, 2, 3],
  ])
  const [csv, arrow] = ['csv', 'arrow'].map((end) => path.join(resultsDir, `table.${end}`)) as [string, string]
  writeTable(table, csv)
  writeTable(table, arrow)
  const [names, first] = readFileSync(csv, 'utf8')
    .split('\r\n')
    .map((line) => line.split(','))
  const cell = (name: string) => first![names!.indexOf(name)]
  assert.deepEqual(
    [cell('lr'), cell('evalHalt'), cell('augment'), cell('evalVersions')],
    ['0.004', 'true', 'fresh', ''],
  )
  const stored = rowsOfTable(readArrow(arrow)).map(({ lr, evalHalt, evalVersions }) => [lr, evalHalt, evalVersions])
  assert.deepEqual(stored, [
    [0.004, true, null],
    [0.001, false, 3],
  ])
})

test('a sweep without a data set makes the puzzles that each row names, and its table shows what was varied', async () => {
  const shared = { ...base, clues: 6, trainPuzzles: 30, testPuzzles: 10, dataSeed: 3 } as const
  const runs = await sweep(shared, { clues: [6, 7], seed: [0, 1] }, { resultsDir, observer: silent })
  assert.deepEqual(
    runs.table().map(({ clues, seed }) => [clues, seed]),
    [
      [6, 0],
      [6, 1],
      [7, 0],
      [7, 1],
    ],
  )
  assert.deepEqual([...runs.final('test.cells').keys()], ['clues 6', 'clues 7'])
  const hashes = runs.all.map(({ id }) => openRun(id, resultsDir).provenance.dataHash)
  assert.equal(hashes[0], data.hash)
  assert.deepEqual([hashes[0] === hashes[1], hashes[1] === hashes[2], hashes[2] === hashes[3]], [true, false, true])
  const same = await train(shared, { resultsDir, observer: silent, resume: true })
  assert.equal(same, runs.all[0]!.id, 'train makes the same puzzles')
})

test('a grid over keys of the data is refused beside a data set, and so is a configuration that contradicts it', async () => {
  const options = { resultsDir, observer: silent }
  for (const grid of [
    { clues: [6, 7] },
    { trainPuzzles: [10, 20] },
    { box: ['2x2', '2x3'] },
    [{ clues: [6] }, { clues: [7] }],
  ] as const)
    await refused(
      sweep(base, grid, data, options),
      /key \w+ of the grid: expected no key of the data.*Omit the data set/,
    )
  await refused(train({ ...base, clues: 5 }, data, options), /key clues: expected 6, as in the given data set, found 5/)
  await refused(train({ ...base, task: 'maze' }, data, options), /key task: expected sudoku.* found maze/)
  await refused(sweep({ ...base, size: 10 }, { seed: [0] }, data, options), /key size: expected/)
  assert.ok(await train({ ...base, clues: 6, box: '2x2', task: 'sudoku' }, data, options))
})

test('puzzles of no known task, which nothing can generate, are trained on where they are given', async () => {
  const source = { kind: 'file' as const, path: 'tokens.csv', sha256: '0'.repeat(64) }
  const tokens = { ...data, manifest: { ...data.manifest, task: 'tokens', source } }
  const id = await train({ ...base, seed: 12 }, tokens, { resultsDir, observer: silent })
  assert.equal(openRun(id, resultsDir).config.task, 'tokens')
  await refused(train({ ...base, task: 'tokens' }, { resultsDir }), /key task: expected data=DIR beside tokens/)
})

test('a sweep refuses rows that would train the same, empty lists and values that are no list', async () => {
  const call = (grid: Grid | readonly Grid[]) => sweep(base, grid, data, { resultsDir, observer: silent })
  await refused(
    call({ heads: [2, 4] }),
    /key heads of the grid: .* runs 1 and 2 that train the same: heads 2 and heads 4/,
  )
  await refused(
    call({ K: [2], evalSupervisionSteps: [2, null] }),
    /key evalSupervisionSteps .* evalSupervisionSteps 2 and evalSupervisionSteps left open/,
  )
  await refused(call({ seed: [0, 1, 0] }), /key seed of the grid: expected every value once, found 0 twice/)
  await refused(
    call([{ lr: [0.1] }, { lr: [0.1] }]),
    /the grid: expected runs that differ, found run 1 a second time as run 2/,
  )
  await refused(
    sweep(base, { seed: [0] }, data, { resultsDir, observer: silent, resume: false, otherCode: 'take over' }),
    /option otherCode: expected resume: true beside it, found resume: false/,
  )
  await refused(call({ lr: [] }), /key lr of the grid: expected at least one value, found an empty list/)
  await refused(
    call({ mixer: 'mlp' } as unknown as Grid),
    /expected a list of values, as in \{ mixer: \['mlp'\] \}, found 'mlp'/,
  )
})

test('base and grids may be constants, whose lists cannot be changed', async () => {
  const fixed = { ...base, mixer: 'mlp' } as const
  const grids = [
    { layers: [1], n: [2] },
    { layers: [2], n: [1] },
  ] as const
  const puzzles = { box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 } as const
  const runs = await sweep(fixed, grids, await sudoku(puzzles), { resultsDir, observer: silent })
  assert.deepEqual(
    runs.all.map((run) => runs.label(run)),
    ['layers 1, n 2', 'layers 2, n 1'],
  )
})

test('a run’s record holds every value that was used: nothing has to be assumed of it later', async () => {
  const { T: _, n: __, ...open } = base
  const id = await train({ ...open, hidden: 8 }, data, { resultsDir, observer: silent })
  const { config } = openRun(id, resultsDir)
  assert.deepEqual(
    [
      config.T,
      config.n,
      config.halting,
      config.evalSupervisionSteps,
      config.puzzleLr,
      config.puzzleDim,
      config.augment,
    ],
    [3, 6, 'halt', 2, config.lr, 8, 'fresh'],
  )
  assert.deepEqual((await evaluateRun(id, { resultsDir })).notes, ['the EMA of the two sets in the checkpoint'])
  const same = await train({ ...open, hidden: 8, T: 3, n: 6 }, data, { resultsDir, observer: silent, resume: true })
  assert.equal(same, id, 'what is said and what is left open are the same where they mean the same')
})

/** Has this process run other code: what a notebook's kernel says after an edit. */
async function withOtherCode<T>(work: () => Promise<T>): Promise<T> {
  const edited = path.join(projectFolder, 'lib/recursion/trm.ts')
  const module = { text: () => 'export const other = 1' }
  const key = Symbol.for('recurlab.modules')
  Object.defineProperty(globalThis, key, {
    value: (file: string) => (file === edited ? module : null),
    configurable: true,
  })
  try {
    return await work()
  } finally {
    Reflect.deleteProperty(globalThis, key)
  }
}

test('runs that other code made are said, and trained anew unless they are to be taken over', async () => {
  const own = path.join(resultsDir, 'code')
  const call = (more: SweepOptions) =>
    sweep(base, { seed: [0, 1] }, data, { resultsDir: own, observer: silent, ...more })
  const ids = (runs: Runs) => runs.all.map(({ id }) => id)
  const first = await withOtherCode(() => call({}))
  const notes: string[] = []
  const observer: RunObserver = { onNote: (note) => notes.push(note) }
  const taken = await call({ resume: true, otherCode: 'take over', observer })
  assert.deepEqual(ids(taken), ids(first))
  assert.equal(notes[0], '2 stored runs were made by other code: lib/recursion/trm.ts differs; they are reused anyway')
  const anew = await call({ resume: true, observer })
  assert.ok(!ids(anew).some((id) => ids(first).includes(id)))
  assert.ok(
    notes.some((note) => /^2 stored .*; they are trained anew \(the option otherCode: 'take over' reuses/.test(note)),
  )
  const before = notes.length
  assert.deepEqual(ids(await call({ resume: true, observer })), ids(anew))
  assert.ok(!notes.slice(before).some((note) => note.includes('other code')))
  const [id] = ids(first) as [string]
  const said = `run ${id} was made by other code: lib/recursion/trm.ts differs`
  assert.ok((await evaluateRun(id, { resultsDir: own })).notes.includes(said))
  assert.ok((await solve(id, '1...............', { resultsDir: own })).notes.includes(said))
})

test('a run that other code began says so when it goes on, and its record holds both', async () => {
  const stop = new AbortController()
  const id = await withOtherCode(() =>
    train({ ...base, seed: 77 }, data, { resultsDir, signal: stop.signal, observer: { onStep: () => stop.abort() } }),
  )
  const notes: string[] = []
  await resume(id, { resultsDir, observer: { onNote: (note) => notes.push(note) } })
  assert.equal(
    notes[0],
    `run ${id} was made by other code: lib/recursion/trm.ts differs; it is resumed with the current code`,
  )
  const { provenance, dir } = openRun(id, resultsDir)
  const [{ code }] = provenance.resumed as [{ code: { hash: string } }]
  assert.equal(code.hash, runningSources().hash)
  assert.match(readFileSync(path.join(dir, 'code.diff'), 'utf8'), /^\+export const other = 1$/m)
})

test('weights to begin with are told by their content and how they are made to fit, not by their path', async () => {
  const from = path.join(resultsDir, 'init.safetensors')
  const source = await train({ ...base, seed: 3 }, data, { resultsDir, observer: silent })
  const copy = (id: string) => {
    const run = openRun(id, resultsDir)
    copyFileSync(checkpointPath(run, run.status.checkpoint!), from)
  }
  copy(source)
  const call = (more: Partial<InitOptions>) =>
    train({ ...base, seed: 4 }, data, { resultsDir, observer: silent, resume: true, init: { from, ...more } })
  const first = await call({})
  assert.equal(await call({}), first)
  assert.notEqual(await call({ weights: 'live' }), first)
  assert.notEqual(await call({ puzzleEmbedding: 'mean' }), first)
  copy(await train({ ...base, seed: 5 }, data, { resultsDir, observer: silent }))
  assert.notEqual(await call({}), first)
})

test('a data set whose content has changed since the training is said when a run is evaluated on it', async () => {
  const dir = path.join(resultsDir, 'data')
  saveDataset(data, dir)
  const id = await train({ ...base, data: dir, seed: 9 }, { resultsDir, observer: silent })
  assert.ok(!(await evaluateRun(id, { resultsDir })).notes.some((note) => note.includes('data set')))
  rmSync(dir, { recursive: true })
  saveDataset(await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 4 }), dir)
  const { notes } = await evaluateRun(id, { resultsDir })
  assert.ok(notes.includes('the data set has changed since the weights were trained on it'))
})
