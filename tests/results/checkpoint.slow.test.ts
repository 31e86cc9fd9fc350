import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { readSafetensors } from '../../lib/files/safetensors.js'
import {
  checkpointsOf,
  listRuns,
  loadCheckpoint,
  openRun,
  type RunWriter,
  readMetrics,
  resumeRun,
  saveCheckpoint,
} from '../../lib/results/run.js'
import { withFailure } from '../files/failing.js'
import { writeSafetensors } from '../files/write-safetensors.js'
import { checkpointAt, checkpointPath, newRun, setOwner, temporaryFolder } from './fixture.js'

const results = temporaryFolder()

/** Fails unless a checkpoint is, in every number, that of its step. */
function assertConsistent(run: { dir: string }, size = 1000): number {
  const { tensors, state } = loadCheckpoint(run)
  const right = checkpointAt(state.step, size)
  assert.deepEqual(state, right.state)
  for (const [name, { shape, data }] of right.tensors) {
    assert.deepEqual(tensors.get(name)?.shape, shape)
    const found = tensors.get(name)?.data
    assert.ok(found && data.every((value, i) => Object.is(value, found[i])), `${name} at step ${state.step}`)
  }
  return state.step
}

test('what is saved is loaded, is plain safetensors, and the same state gives the same bytes', () => {
  const run = newRun(results)
  saveCheckpoint(run, checkpointAt(7))
  assert.equal(assertConsistent(run), 7)
  assert.equal(openRun(run.dir).status.checkpoint, 7)
  const file = checkpointPath(run, 7)
  assert.equal(readSafetensors(file).tensors.size, 3)
  const again = newRun(results)
  saveCheckpoint(again, checkpointAt(7))
  assert.deepEqual(readFileSync(file), readFileSync(checkpointPath(again, 7)))
})

test('rows are in the files before the checkpoint that follows them', () => {
  const run = newRun(results)
  run.logMetrics({ step: 1, 'train.loss': 2 })
  saveCheckpoint(run, checkpointAt(1))
  assert.equal(readMetrics(run).numRows, 1)
})

test('any bit turned over is found before anything is parsed', () => {
  const run = newRun(results)
  saveCheckpoint(run, checkpointAt(1, 4))
  const file = checkpointPath(run, 1)
  const bytes = readFileSync(file)
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 1 << (at % 8)
    writeFileSync(file, damaged)
    assert.throws(() => loadCheckpoint(run), {
      name: 'UserError',
      message: /expected (SHA-256|a checkpoint of Recurlab)/,
    })
  }
  for (const length of [0, 5, 60, bytes.length - 1]) {
    writeFileSync(file, bytes.subarray(0, length))
    assert.throws(() => loadCheckpoint(run), { name: 'UserError' })
  }
})

test('no checkpoint, or a file of something else, is one clear error', () => {
  const run = newRun(results)
  assert.throws(() => loadCheckpoint(run), {
    name: 'UserError',
    message: /expected a checkpoint, found none/,
  })
  saveCheckpoint(run, checkpointAt(1))
  writeFileSync(checkpointPath(run, 1), writeSafetensors([], { step: '1' }))
  assert.throws(() => loadCheckpoint(run), {
    name: 'UserError',
    message: /a checkpoint of Recurlab, found something else/,
  })
})

test('a state that JSON would change is refused', () => {
  const run = newRun(results)
  for (const value of [Number.NaN, -0, undefined, new Date(0), Int32Array.of(1)])
    assert.throws(() => saveCheckpoint(run, { tensors: [], state: { step: 1, value } }), /survive JSON/)
})

for (const how of ['once', 'for good'] as const)
  test(`whichever file operation of a save fails ${how}, a whole checkpoint is there`, () => {
    const run = newRun(results)
    for (let n = 0; ; n++) {
      saveCheckpoint(run, checkpointAt(1))
      run.logMetrics({ step: n, x: n })
      const { operations, error } = withFailure(n, how, () => saveCheckpoint(run, checkpointAt(2)))
      assert.ok([1, 2].includes(assertConsistent(run)))
      assert.ok(readMetrics(run).numRows >= n)
      if (error === null) assert.equal(assertConsistent(run), 2)
      else assert.equal((error as Error).name, 'UserError')
      if (operations <= n) break
    }
  })

/** The steps of the checkpoints in a run's folder. */
function stepsIn({ dir }: { dir: string }): number[] {
  return readdirSync(dir).flatMap((name) => Number(/^checkpoint-(\d+)/.exec(name)?.[1] ?? Number.NaN) || [])
}

function evaluated(run: RunWriter, exact: readonly number[]): void {
  for (const [i, value] of exact.entries()) {
    const step = 10 * (i + 1)
    saveCheckpoint(run, checkpointAt(step, 4))
    run.logEvaluation({ step, 'test.exact': value, 'test.wrong': value })
  }
}

test('the last two checkpoints are kept, the best evaluated one, and one every keepEvery steps', () => {
  const run = newRun(results, { keepEvery: 30 })
  evaluated(run, [0.1, 0.5, 0.2, 0.5, 0.3, 0.4, 0.2])
  assert.deepEqual(stepsIn(run), [20, 30, 60, 70])
  assert.deepEqual(checkpointsOf(openRun(run.dir)), [
    { step: 20, keptAs: ['best'] },
    { step: 30, keptAs: ['keepEvery'] },
    { step: 60, keptAs: ['last', 'keepEvery'] },
    { step: 70, keptAs: ['last'] },
  ])
  for (const step of [20, 30, 60, 70]) assertCheckpoint(run, step)
})

test('the best checkpoint is that of the metric that the configuration names, lowest with min', () => {
  for (const [bestMetric, kept] of [
    [undefined, [10, 30, 40]],
    ['test.wrong', [10, 30, 40]],
    ['min test.wrong', [20, 30, 40]],
    ['test.unknown', [30, 40]],
  ] as const) {
    const run = newRun(results, bestMetric === undefined ? {} : { bestMetric })
    evaluated(run, [0.5, 0.1, 0.2, 0.3])
    assert.deepEqual(stepsIn(run), kept, bestMetric)
  }
})

test('where the newest checkpoint is damaged the one before is loaded with a note, and a resumed run goes on from it', () => {
  for (const damage of [
    (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 200)),
    (file: string) => {
      const bytes = readFileSync(file)
      bytes[bytes.length - 1]! ^= 1
      writeFileSync(file, bytes)
    },
    (file: string) => rmSync(file),
  ]) {
    const run = newRun(results)
    evaluated(run, [0.1, 0.2, 0.3])
    run.finish('interrupted')
    damage(checkpointPath(run, 30))
    const { state, notes } = loadCheckpoint(run)
    assert.equal(state.step, 20)
    assert.match(notes.join(), /^checkpoint of step 20 in place of step 30: .*checkpoint-000030\.safetensors: expected/)
    const second = resumeRun(openRun(run.dir), 20)
    assert.deepEqual([openRun(run.dir).status.checkpoint, stepsIn(run)], [20, [20]])
    saveCheckpoint(second, checkpointAt(30, 4))
    assert.deepEqual([loadCheckpoint(run).state.step, loadCheckpoint(run).notes], [30, []])
  }
})

test('a checkpoint that a killed process wrote and had not recorded is removed when the run is resumed', () => {
  const run = newRun(results)
  evaluated(run, [0.1, 0.2])
  const status = readFileSync(path.join(run.dir, 'status.json'))
  saveCheckpoint(run, checkpointAt(30, 4))
  writeFileSync(path.join(run.dir, 'status.json'), status)
  setOwner(run.dir, { pid: 2 ** 22 + 1 })
  assert.equal(loadCheckpoint(run).state.step, 20)
  resumeRun(openRun(run.dir), 20)
  assert.ok(!stepsIn(run).includes(30))
})

for (const how of ['once', 'for good'] as const)
  test(`whichever file operation fails ${how} while old checkpoints are removed, the last two saved are whole, and nothing else is left`, () => {
    for (let n = 0; ; n++) {
      const run = newRun(temporaryFolder())
      for (const step of [1, 2, 3]) saveCheckpoint(run, checkpointAt(step))
      const { operations, error } = withFailure(n, how, () => saveCheckpoint(run, checkpointAt(4)))
      assert.ok([3, 4].includes(assertConsistent(run)), `operation ${n}`)
      assert.deepEqual(loadCheckpoint(run).notes, [])
      saveCheckpoint(run, checkpointAt(5))
      const listed = openRun(run.dir).status.checkpoints.map(({ step }) => step)
      assert.deepEqual(stepsIn(run), listed)
      assert.deepEqual(listed, [error === null || listed.includes(4) ? 4 : 3, 5])
      for (const step of listed) assertCheckpoint(run, step)
      if (operations <= n) break
    }
  })

function assertCheckpoint(run: { dir: string }, step: number): void {
  const { metadata } = readSafetensors(checkpointPath(run, step))
  assert.equal((JSON.parse(metadata.state!) as { step: number }).step, step)
}

test('killed twenty times while it saves, a run always has a whole checkpoint and goes on', {
  timeout: 300_000,
}, async () => {
  const folder = temporaryFolder()
  // One bundled file starts five times as fast as TypeScript through tsx.
  const script = path.join(folder, 'child.mjs')
  const entry = fileURLToPath(new URL('checkpoint-child.ts', import.meta.url))
  buildSync({ entryPoints: [entry], outfile: script, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
  let before = 0
  for (let kill = 0; kill < 20; kill++) {
    const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data') // It saves by now.
    await new Promise((resolve) => setTimeout(resolve, (kill * 7.3) % 40))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const [run] = listRuns(folder).runs
    assert.ok(run)
    assert.equal(run.state, 'interrupted')
    const step = assertConsistent(run, 100_000)
    assert.ok(step > before, `step ${step} after ${before}`)
    assert.ok(readMetrics(run).numRows >= step)
    before = step
  }
  const [run] = listRuns(folder).runs
  resumeRun(run!, before).finish('finished')
  assert.equal(openRun(run!.dir).state, 'finished')
})
