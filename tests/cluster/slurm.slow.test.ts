import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { examineNode } from '../../lib/experiment/slurm/doctor.js'
import { queuedTasks, queueText, storedJobs } from '../../lib/experiment/slurm/jobs.js'
import { tasksLogs } from '../../lib/experiment/slurm/logs.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import type { SweepPlan } from '../../lib/experiment/sweep/plan.js'
import { type Dataset, type Grid, type SlurmOptions, sudoku, sweep } from '../../lib/index.js'
import { runNumbers } from '../experiment/run-numbers.js'
import { continueProcess, emptyQueue, stoppedAtWork } from './at-work.js'
import { type Cluster, startedSlurm, until } from './slurm.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-slurm-'))
const resultsDir = path.join(folder, 'results')
const here = path.join(folder, 'here')
let data: Dataset
/** Whether results lie on a small file system of their own, which a test can fill. */
let small = false

const started = await startedSlurm(folder)
const skip = typeof started === 'string' ? started : false
const cluster = started as Cluster

before(async () => {
  if (skip !== false) return
  // Tasks have one core each, and threads decide the order of sums.
  process.env.RECURLAB_THREADS = '1'
  mkdirSync(resultsDir)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', resultsDir], { stdio: 'ignore' })
    small = true
  } catch {
    // Containers may forbid it; the case of a full disk is then skipped by name.
  }
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(async () => {
  if (skip === false) await cluster.stop()
  if (small) execFileSync('umount', ['-l', resultsDir])
  rmSync(folder, { recursive: true, force: true })
})

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, evalEvery: 1000, evalBatch: 10, checkpointEvery: 20 }
/** Faults hit the first runs, which must not end before them. */
const grid: Grid[] = [
  { seed: [0, 1, 2, 3, 4, 5, 6], trainSteps: [800] },
  { seed: [7, 8, 9, 10, 11], trainSteps: [60] },
]
/** Slurm looks for time limits every 30 s, and warns up to 30 s early: within 30 s after the start of a task. */
const slurm: SlurmOptions = { width: 3, time: 1, warnSeconds: 40 }

const trainHere = () => sweep(base, grid, data, { resultsDir: here, workers: 1, observer: {}, estimate: false })
const onSlurm = () => sweep(base, grid, data, { resultsDir, on: 'slurm', slurm, estimate: false })

/** Returns whether a signal waits for a process that is stopped. */
async function isPending(pid: number, signal: NodeJS.Signals): Promise<boolean> {
  const mask = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return ((BigInt(`0x${mask}`) >> BigInt(os.constants.signals[signal] - 1)) & 1n) === 1n
}

test('a job array of twelve runs survives what clusters do, and each run is there once, equal to the same run made here', {
  skip,
}, async (t) => {
  const faults: string[] = []
  const inject = (what: string): void => {
    faults.push(what)
    t.diagnostic(`${faults.length}: ${what}; ${done()} of 12 runs finished`)
  }
  const { coverage } = await onSlurm()
  const { plan } = coverage
  const done = (): number => statusesOf(plan).filter(({ state }) => state === 'done').length
  const log = (index: number): string => tasksLogs(plan, [String(index)])[0]!.text
  assert.equal(coverage.count('missing'), 12)
  const [job] = storedJobs(plan)
  const array = job!.arrays[0]!.id

  const hit: number[] = []
  /** Does something to a run at work, whose process is stopped meanwhile, and returns its index. */
  const doTo = async (what: (index: number, pid: number) => unknown): Promise<number> => {
    const { index, pid } = await stoppedAtWork(plan, hit)
    await what(index, pid)
    continueProcess(pid)
    return index
  }
  // Stopped, it does not end before Slurm looks at the time limit; the script turns the warning into a request to save.
  const { index: limited, pid: stopped } = await stoppedAtWork(plan, hit)
  const continued = until('the warning of Slurm itself', () => isPending(stopped, 'SIGTERM')).then(() => {
    process.kill(stopped, 'SIGCONT')
    inject(`the time limit of run ${limited} comes near`)
  })
  const cancelled = await doTo((index) => cluster.run('scancel', `${array}_${index}`))
  inject(`scancel of run ${cancelled}`)
  const killed = await doTo((_, pid) => process.kill(pid, 'SIGKILL'))
  inject(`kill -9 of the process that trains run ${killed}`)
  await cluster.run('scontrol', 'update', `NodeName=${cluster.node}`, 'State=DRAIN', 'Reason=test')
  inject('the node is drained')
  await until('a drained node', async () => (await cluster.run('sinfo', '-h', '-o', '%T')) === 'drained')
  await cluster.run('scontrol', 'update', `NodeName=${cluster.node}`, 'State=RESUME')
  inject('the node is resumed')
  const requeued = await doTo((index) => cluster.run('scontrol', 'requeue', `${array}_${index}`))
  inject(`scontrol requeue of run ${requeued}`)
  const warned = await doTo((index) => cluster.run('scancel', '--batch', '--signal=USR1', `${array}_${index}`))
  inject(`the warning before the time limit to run ${warned}`)
  await cluster.restartController()
  inject('the controller is stopped and started again')
  await continued
  await trainHere()
  await emptyQueue(plan)
  for (const index of hit) for (const line of log(index).match(/^\[.*$/gm) ?? []) t.diagnostic(line)

  const states = new Map(statusesOf(plan).map(({ index, state }) => [index, state]))
  assert.deepEqual(
    [...states].filter(([, state]) => state !== 'done').map(([index]) => index),
    [cancelled],
    `every run is finished but the cancelled one, whose log is:\n${log(cancelled)}`,
  )
  t.diagnostic(`the array is over; ${done()} of 12 runs finished`)
  await fullDisk(t, plan, inject)
  const left = await onSlurm()
  assert.equal(storedJobs(plan).at(-1)!.runs.length, 1)
  assert.equal(left.coverage.count('done'), 11)
  await emptyQueue(plan)

  const { coverage: end, all } = await onSlurm()
  assert.ok(end.isComplete, end.text())
  assert.equal(all.length, 12)
  assert.equal(readdirSync(path.join(resultsDir, 'runs')).filter((name) => !name.startsWith('.')).length, 12)
  const local = await trainHere()
  for (const [i, { run }] of plan.runs.entries())
    assert.deepEqual(runNumbers(run, resultsDir), runNumbers(local.all[i]!.id, here), `run ${i}`)

  assert.match(log(limited), /stopped before the time limit; requeued/)
  assert.match(log(warned), /stopped before the time limit; requeued/)
  assert.match(log(killed), /killed by signal 9; requeued/)
  assert.match(log(requeued), /restart 1\] begins/)
  const ofCancelled = log(cancelled).match(new RegExp(`^\\[.* job ${array}_.*$`, 'gm'))!
  assert.equal(ofCancelled.length, 2, 'a cancelled task does not requeue itself')
  assert.match(ofCancelled[1]!, /ended by Slurm with exit code 75$/)
  // Slurm may warn of the time limit at any moment.
  const noSpace = /no space left on device \(ENOSPC\).*\n(\nStopping after this step .*\n)?.*failed with exit code 1/
  if (small) assert.match(log(cancelled), noSpace)
  const page = readFileSync(path.join(plan.dir, 'report', 'index.html'), 'utf8')
  assert.match(page, /12 runs: 12 done/)
  assert.match(page, /<svg/)
  assert.ok(existsSync(path.join(plan.dir, 'report', 'runs.arrow')))
  t.diagnostic(`${done()} of 12 runs finished, ${faults.length} faults injected`)
})

/** The rest of a sweep meets a full disk: a submission is refused, and a task fails and leaves a run that goes on. */
async function fullDisk(t: TestContext, plan: SweepPlan, inject: (what: string) => void): Promise<void> {
  if (!small) {
    t.diagnostic('a full results disk: skipped, as no file system can be mounted here')
    return
  }
  const jobs = storedJobs(plan).length
  await onSlurm()
  const filler = path.join(resultsDir, 'filler')
  fill(filler)
  inject('the results disk is full')
  await emptyQueue(plan)
  assert.equal(statusesOf(plan).filter(({ state }) => state === 'done').length, 11)
  await assert.rejects(onSlurm(), /no space left on device/)
  assert.equal(storedJobs(plan).length, jobs + 1)
  rmSync(filler)
  inject('the disk has space again')
}

/** Takes all space of the file system of results. */
function fill(file: string): void {
  for (const size of [2 ** 20, 2 ** 12])
    try {
      for (;;) writeFileSync(file, new Uint8Array(size), { flag: 'a' })
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
}

test('a task that requeues itself, the last of its array to begin, leaves the ended ones alone', { skip }, async () => {
  const options = {
    resultsDir: path.join(folder, 'last'),
    on: 'slurm',
    estimate: false,
    slurm: { width: 1, report: false },
  } as const
  const last: Grid[] = [
    { seed: [0], trainSteps: [20] },
    { seed: [1], trainSteps: [800] },
  ]
  const { plan } = (await sweep(base, last, data, options)).coverage
  const [array] = storedJobs(plan)[0]!.arrays
  const { index, pid } = await stoppedAtWork(plan, [0])
  assert.match(await cluster.run('scontrol', 'show', 'job', `${array!.id}_${index}`), /^JobId=(\d+) ArrayJobId=\1 /)
  await cluster.run('scancel', '--batch', '--signal=USR1', `${array!.id}_${index}`)
  continueProcess(pid)
  await emptyQueue(plan)
  const [ended, requeued] = ['0', '1'].map((run) => tasksLogs(plan, [run])[0]!.text.match(/ begins$/gm)!.length)
  assert.deepEqual([ended, requeued], [1, 2], 'starts of the two tasks')
})

test('a task on a node that does not see the shared folder is held with the reason, and trains when it is released', {
  skip,
}, async () => {
  const options = {
    resultsDir: path.join(folder, 'unseen'),
    on: 'slurm',
    estimate: false,
    slurm: { report: false },
  } as const
  const node = (state: string) =>
    cluster.run('scontrol', 'update', `NodeName=${cluster.node}`, `State=${state}`, 'Reason=test')
  await node('DRAIN')
  const { plan } = (await sweep(base, { seed: [0], trainSteps: [20] }, data, options)).coverage
  renameSync(plan.dir, `${plan.dir}-away`)
  await node('RESUME')
  // The comment is there before the task has ended on its node.
  await until('a held task', async () =>
    /^PENDING .* does not see /m.test(await cluster.run('squeue', '-h', '-r', '-o', '%T %k')),
  )
  renameSync(`${plan.dir}-away`, plan.dir)
  const [task] = (await queuedTasks(plan))!
  assert.deepEqual([task!.run, task!.state], [0, 'PENDING'])
  assert.equal(task!.reason, `node ${cluster.node} does not see ${path.join(plan.dir, 'plan.json')}`)
  assert.match(queueText([task!]), /^Slurm: job \d+: pending \(node \S+ does not see/)
  await cluster.run('scontrol', 'release', `${task!.array}_0`)
  await emptyQueue(plan)
  assert.equal(statusesOf(plan)[0]!.state, 'done')
})

test('cluster doctor says what a compute node has', { skip }, async () => {
  const rows = await examineNode({}, resultsDir)
  const row = (name: string) => rows.find((one) => one.name === name)!
  assert.equal(row('Node').found, process.version)
  assert.match(row('shared folder').found, /reads and writes/)
  for (const name of ['compute node', 'checkout', 'C library', 'backend']) assert.ok(row(name).ok, name)
  assert.deepEqual(
    readdirSync(resultsDir).filter((name) => name.startsWith('.doctor')),
    [],
  )
})

test('a refused submission is one message with what sbatch says, and no job is recorded', { skip }, async () => {
  const elsewhere = path.join(folder, 'refused')
  const options = { resultsDir: elsewhere, on: 'slurm', estimate: false, slurm: { partition: 'nowhere' } } as const
  await assert.rejects(
    sweep(base, { seed: [0], trainSteps: [120] }, data, options),
    /^UserError: sbatch: expected a request that Slurm accepts, found invalid partition specified: nowhere; .* The script is .*array\.sh; no job was submitted\.$/,
  )
  const [plan] = readdirSync(path.join(elsewhere, 'sweeps'))
  assert.equal(existsSync(path.join(elsewhere, 'sweeps', plan!, 'slurm', 'jobs.json')), false)
  assert.equal(await cluster.run('squeue', '-h'), '')
})
