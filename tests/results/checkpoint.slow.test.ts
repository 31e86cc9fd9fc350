import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { readSafetensors } from '../../lib/files/safetensors.js'
import { listRuns, loadCheckpoint, openRun, readMetrics, resumeRun, saveCheckpoint } from '../../lib/results/run.js'
import { withFailure } from '../files/failing.js'
import { writeSafetensors } from '../files/write-safetensors.js'
import { checkpointAt, newRun, temporaryFolder } from './fixture.js'

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
  const file = path.join(run.dir, 'checkpoint.safetensors')
  assert.equal(readSafetensors(file).tensors.size, 3)
  const again = newRun(results)
  saveCheckpoint(again, checkpointAt(7))
  assert.deepEqual(readFileSync(file), readFileSync(path.join(again.dir, 'checkpoint.safetensors')))
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
  const file = path.join(run.dir, 'checkpoint.safetensors')
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
    message: /expected a checkpoint\.safetensors, found none/,
  })
  writeFileSync(path.join(run.dir, 'checkpoint.safetensors'), writeSafetensors([], { step: '1' }))
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

test('killed twenty times while it saves, a run always has a whole checkpoint and goes on', {
  timeout: 60_000,
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
