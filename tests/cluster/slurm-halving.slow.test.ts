import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { storedJobs } from '../../lib/experiment/slurm/jobs.js'
import { tasksLogs } from '../../lib/experiment/slurm/logs.js'
import { slurmPlaces } from '../../lib/experiment/slurm/places.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import { rungDecisions } from '../../lib/experiment/sweep/halving.js'
import { type Dataset, type Grid, type SweepOptions, sudoku, sweep } from '../../lib/index.js'
import { runNumbers } from '../experiment/run-numbers.js'
import { emptyQueue, stoppedAtWork } from './at-work.js'
import { type Cluster, startedSlurm } from './slurm.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-slurm-halving-'))
const resultsDir = path.join(folder, 'results')
const here = path.join(folder, 'here')
const started = await startedSlurm(folder, { nodeTimeout: 15 })
const skip = typeof started === 'string' ? started : false
const cluster = started as Cluster
let data: Dataset

before(async () => {
  if (skip !== false) return
  // Tasks have one core each, and threads decide the order of sums.
  process.env.RECURLAB_THREADS = '1'
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(async () => {
  if (skip === false) await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

const base = {
  hidden: 16,
  T: 1,
  n: 1,
  K: 2,
  batch: 8,
  trainSteps: 40,
  evalEvery: 10,
  evalBatch: 10,
  checkpointEvery: 10,
}
const onSlurm = { resultsDir, on: 'slurm', slurm: { width: 2 }, estimate: false } as const
const local: SweepOptions = { resultsDir: here, workers: 1, observer: {}, estimate: false }

test('successive halving on Slurm takes the decisions that it takes here, with the same runs, without anybody at the terminal', {
  skip,
}, async () => {
  const grid: Grid = { lr: [1e-3, 3e-3, 1e-2, 1e-5], seed: [0, 1] }
  const halving = { metric: 'test.cells', factor: 2, rungs: 2 }
  const { plan } = (await sweep(base, grid, data, { ...onSlurm, halving })).coverage
  await emptyQueue(plan)
  const end = (await sweep(base, grid, data, { ...onSlurm, halving })).coverage
  assert.ok(end.isComplete, end.text())
  assert.deepEqual([end.count('done'), end.count('ended')], [2, 6])
  const same = (await sweep(base, grid, data, { ...local, halving })).coverage.plan
  assert.deepEqual(rungDecisions(plan), rungDecisions(same))
  for (const [i, { run }] of plan.runs.entries())
    assert.deepEqual(runNumbers(run, resultsDir), runNumbers(same.runs[i]!.run, here), `run ${i}`)
  assert.deepEqual(
    storedJobs(plan).map(({ runs }) => runs.length),
    [8, 4, 2],
    'an array for each stage, none of them submitted by hand but the first',
  )
  assert.match(tasksLogs(plan, ['0'])[0]!.text, /waits for the next decision of successive halving\n.*done/)
  const log = readFileSync(path.join(slurmPlaces(plan).folder, 'report.log'), 'utf8')
  assert.match(log, /Decision 1: 2 of 4 configurations go on\.\nSubmitted 4 runs as job \d+/)
  assert.match(log, /Decision 2: 1 of 2 configurations go on\.\nSubmitted 2 runs as job \d+; then job \d+ makes tables/)
  assert.match(readFileSync(path.join(plan.dir, 'report', 'index.html'), 'utf8'), /2 done, 6 ended/)
})

test('tables and figures are made after an array with a run that failed, and say so', { skip }, async () => {
  const growing = { ...base, warmup: 0, optimizer: 'adamw', weightDecay: 100, evalEvery: 40 } as const
  const { plan } = (await sweep(growing, { lr: [1e-6, 10], seed: [0] }, data, onSlurm)).coverage
  await emptyQueue(plan)
  assert.deepEqual(
    statusesOf(plan).map(({ state }) => state),
    ['done', 'failed'],
  )
  const page = readFileSync(path.join(plan.dir, 'report', 'index.html'), 'utf8')
  assert.match(page, /2 runs: 1 done, 1 failed/)
  assert.ok(existsSync(path.join(plan.dir, 'report', 'runs.arrow')))
})

test('runs of a node that is lost go on when it is back, equal to the same runs made here', { skip }, async () => {
  const grid: Grid = { seed: [0, 1, 2], trainSteps: [600] }
  const { plan } = (await sweep({ ...base, evalEvery: 600 }, grid, data, onSlurm)).coverage
  const lost: number[] = []
  for (let runs = 0; runs < 2; runs++) await stoppedAtWork(plan, lost, 20)
  await cluster.loseNode()
  await cluster.returnNode()
  await emptyQueue(plan)
  const end = statusesOf(plan)
  assert.ok(
    end.every(({ state }) => state === 'done'),
    JSON.stringify(end),
  )
  for (const index of lost) assert.match(tasksLogs(plan, [String(index)])[0]!.text, /restart 1\] begins/)
  const same = await sweep({ ...base, evalEvery: 600 }, grid, data, local)
  for (const [i, { run }] of plan.runs.entries())
    assert.deepEqual(runNumbers(run, resultsDir), runNumbers(same.all[i]!.id, here), `run ${i}`)
})
