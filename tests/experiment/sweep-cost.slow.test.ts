import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { runConfig } from '../../lib/experiment/data/dataset.js'
import { runWork } from '../../lib/experiment/estimate/work.js'
import { chooseSharing } from '../../lib/experiment/sweep/choose-sharing.js'
import { runBytes } from '../../lib/experiment/sweep/cost.js'
import { planSweep } from '../../lib/experiment/sweep/plan-sweep.js'
import { prepareSweep } from '../../lib/experiment/sweep/prepare.js'
import { trainPlan } from '../../lib/experiment/sweep/sweep.js'
import { sudoku, train } from '../../lib/index.js'
import { openRun } from '../../lib/results/run.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-cost-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 20, seed: 3 })
const base = { hidden: 32, T: 1, n: 1, K: 2, batch: 8, trainSteps: 30, evalEvery: 10, evalBatch: 10 }

test('the bytes of a run are those of its folder, within a tenth', async () => {
  for (const input of [base, { ...base, hidden: 64, ema: 0, trainSteps: 300 }]) {
    const { dir } = openRun(await train(input, data, { resultsDir: folder, observer: {} }), folder)
    const files = readdirSync(dir).map((name) => statSync(path.join(dir, name)).size)
    const real = files.reduce((sum, size) => sum + size, 0)
    const estimated = runBytes(runWork(runConfig(input, data), data))
    assert.ok(Math.abs(estimated - real) < real / 10, `${estimated} for ${real}`)
  }
})

/** A sweep of two runs that would take hours. */
async function longSweep(resultsDir: string) {
  const planned = await planSweep({ ...base, trainSteps: 10_000_000 }, { seed: [0, 1] }, data, { resultsDir })
  const left = planned.works.map((work, index) => ({ index, work, step: 0, memory: null }))
  const { dataOf } = planned
  const plan = planned.store()
  return {
    planned,
    request: { plan, left, dataOf, most: 2, free: false, cache: path.join(resultsDir, 'cache') },
  }
}

test('the steps of a long sweep are measured by workers, once, and nothing is stored but the plan', async () => {
  const resultsDir = path.join(folder, 'long')
  const { planned, request } = await longSweep(resultsDir)
  const chosen = await chooseSharing(request)
  assert.ok(chosen.measured)
  assert.equal(chosen.workers, 2)
  // Ten million steps of 0.05 ms to 1 s.
  assert.ok(chosen.seconds > 500 && chosen.seconds < 1e7, String(chosen.seconds))
  assert.deepEqual(readdirSync(resultsDir).sort(), ['cache', 'sweeps'])
  assert.equal((await chooseSharing(request)).seconds, chosen.seconds)
  const [name, ...others] = readdirSync(request.cache)
  assert.deepEqual(others, [])
  // A damaged file is measured anew.
  writeFileSync(path.join(request.cache, name!), '{')
  assert.ok((await chooseSharing(request)).measured)
  assert.notEqual(readFileSync(path.join(request.cache, name!), 'utf8'), '{')
  const { cost } = await prepareSweep(planned, { workers: 2 })
  assert.deepEqual([cost.runs, cost.left, cost.workers, cost.measured], [2, 2, 2, true])
  // A user who answers no trains nothing.
  const no = trainPlan(planned, { workers: 2 }, { ask: () => Promise.resolve('no') })
  await assert.rejects(no, /expected y, to start it, found "no"/)
  assert.equal(existsSync(path.join(resultsDir, 'runs')), false)
})

test('of two workers and one process with all threads, the faster is chosen', async () => {
  const { request } = await longSweep(path.join(folder, 'choice'))
  const chosen = await chooseSharing({ ...request, free: true })
  const two = await chooseSharing({ ...request, free: false })
  const one = await chooseSharing({ ...request, most: 1, free: false })
  assert.ok(chosen.measured && two.measured && one.measured)
  assert.equal(chosen.workers, one.seconds < two.seconds ? 1 : 2)
  assert.equal(chosen.seconds, Math.min(one.seconds, two.seconds))
  assert.equal(readdirSync(request.cache).length, 2)
})

test('a stop during the measurement ends it, and the time is a guess', async () => {
  const { request } = await longSweep(path.join(folder, 'stopped'))
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 200)
  assert.equal((await chooseSharing({ ...request, signal: stop.signal })).measured, false)
  assert.equal(existsSync(request.cache), false)
})
