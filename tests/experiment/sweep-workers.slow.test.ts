import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { writeSweepReport } from '../../lib/experiment/report/sweep-report.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import type { RunObserver } from '../../lib/experiment/run/observer.js'
import { cancelSweep, isCancelled } from '../../lib/experiment/sweep/cancel.js'
import { statusesOf } from '../../lib/experiment/sweep/coverage.js'
import { rungDecisions } from '../../lib/experiment/sweep/halving.js'
import { readPlan } from '../../lib/experiment/sweep/plan.js'
import { planSweep } from '../../lib/experiment/sweep/plan-sweep.js'
import { runPool } from '../../lib/experiment/sweep/pool.js'
import { waitingTasks } from '../../lib/experiment/sweep/queue.js'
import { retryRuns } from '../../lib/experiment/sweep/retry.js'
import { plannedSweep } from '../../lib/experiment/sweep/stored.js'
import type { SweepOptions } from '../../lib/experiment/sweep/sweep.js'
import { trainPlanned } from '../../lib/experiment/sweep/train-planned.js'
import type { ConfigInput, Dataset, Grid } from '../../lib/index.js'
import { sudoku, sweep } from '../../lib/index.js'
import { checkpointFile } from '../../lib/results/layout.js'
import { openRun } from '../../lib/results/run.js'
import { saveDataset } from '../../lib/storage/store.js'
import { runNumbers } from './run-numbers.js'

let folder = ''
let data: Dataset
before(async () => {
  // Workers and this process then compute with the same number of threads.
  process.env.RECURLAB_THREADS = '1'
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-workers-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(folder, { recursive: true, force: true }))

const base = {
  hidden: 16,
  T: 1,
  n: 1,
  K: 2,
  batch: 8,
  trainSteps: 40,
  evalEvery: 20,
  evalBatch: 10,
  checkpointEvery: 10,
}
/** Runs that go on for seconds after a step at which a test stops or kills them, also if the news of it comes late. */
const longer = { ...base, trainSteps: 120, evalEvery: 60 }
const seeds: Grid = { seed: [0, 1, 2] }

/** Trains the plan of a grid with two workers. */
async function withTwo(
  resultsDir: string,
  options: {
    onWorker?: (index: number, pid: number) => void
    signal?: AbortSignal
    observer?: (index: number) => RunObserver
  } = {},
  config: ConfigInput = base,
) {
  const { plan, works, store } = await planSweep(config, seeds, data, { resultsDir })
  store()
  const notes: string[] = []
  await runPool(plan, {
    workers: 2,
    threads: 1,
    works,
    signal: options.signal,
    observer: (index) => options.observer?.(index) ?? {},
    note: (text) => notes.push(text),
    onWorker: (index, { pid }) => options.onWorker?.(index, pid!),
  })
  return { plan, notes, states: statusesOf(plan).map(({ state }) => state) }
}

test('runs of two workers equal those of one process, bit for bit with the same number of threads', async () => {
  const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')]
  const runs = await sweep(base, seeds, data, { resultsDir: one, workers: 1, observer: {} })
  const { plan, states } = await withTwo(two)
  assert.deepEqual(states, ['done', 'done', 'done'])
  for (const [i, { run }] of plan.runs.entries())
    assert.deepEqual(runNumbers(run, two), runNumbers(runs.all[i]!.id, one))
})

test('a worker refuses a run that its plan does not hold: the stored plan was changed by another process', async () => {
  const resultsDir = path.join(folder, 'changed')
  const { plan, works, store } = await planSweep(base, seeds, data, { resultsDir })
  store()
  const runs = plan.runs.map((planned) => ({ ...planned, run: `${planned.run}-changed` }))
  const notes: string[] = []
  await runPool(
    { ...plan, runs },
    { workers: 1, threads: 1, works, observer: () => ({}), note: (text) => notes.push(text) },
  )
  assert.equal(notes.length, runs.length)
  for (const note of notes) assert.match(note, /found one that another process has changed since/)
})

test('a data set that has changed since the plan was made fails each run that needs it, in a worker too', async () => {
  const resultsDir = path.join(folder, 'other-data')
  const set = path.join(folder, 'set')
  saveDataset(data, set)
  const { plan, works, store } = await planSweep({ ...base, data: set }, seeds, null, { resultsDir })
  store()
  saveDataset(await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 4 }), set, { force: true })
  const notes: string[] = []
  await runPool(plan, { workers: 2, threads: 1, works, observer: () => ({}), note: (text) => notes.push(text) })
  assert.equal(notes.length, plan.runs.length)
  for (const note of notes)
    assert.match(
      note,
      /expected the data set that the sweep was planned with, hash .*Put it back, or plan the sweep again/,
    )
  assert.deepEqual(
    statusesOf(plan).map(({ state }) => state),
    ['failed', 'failed', 'failed'],
  )
})

test('a killed worker costs its last interval: its run goes on from the checkpoint and equals an unbroken one', async () => {
  const resultsDir = path.join(folder, 'killed')
  const pids = new Map<number, number>()
  let killed: number | null = null
  const observer = (index: number): RunObserver => ({
    // After the checkpoint of step 10.
    onStep: ({ step }) => {
      if (step < 11 || killed !== null) return
      killed = index
      process.kill(pids.get(index)!, 'SIGKILL')
    },
  })
  const onWorker = (index: number, pid: number) => void pids.set(index, pid)
  const { plan, notes, states } = await withTwo(resultsDir, { observer, onWorker }, longer)
  assert.deepEqual(states, ['done', 'done', 'done'])
  assert.match(notes.join('\n'), /its process ended by SIGKILL; it goes on from its last checkpoint/)
  assert.ok(openRun(plan.runs[killed!]!.run, resultsDir).provenance.resumed)
  const whole = path.join(folder, 'whole')
  const { all } = await sweep(longer, seeds, data, { resultsDir: whole, workers: 2 })
  for (const [i, { run }] of plan.runs.entries())
    assert.deepEqual(runNumbers(run, resultsDir), runNumbers(all[i]!.id, whole))
})

test('a stop saves every run that is at work, and the same call goes on', async () => {
  const resultsDir = path.join(folder, 'stopped')
  const stop = new AbortController()
  const observer = (): RunObserver => ({ onStep: ({ step }) => (step >= 5 ? stop.abort() : undefined) })
  const { states, plan } = await withTwo(resultsDir, { signal: stop.signal, observer }, longer)
  assert.ok(states.includes('interrupted'), states.join())
  assert.ok(!states.includes('running'), states.join())
  const runs = await sweep(longer, seeds, data, { resultsDir, workers: 2 })
  assert.ok(runs.coverage.isComplete)
  assert.deepEqual(
    runs.all.map(({ id }) => id),
    plan.runs.map(({ run }) => run),
  )
  const whole = path.join(folder, 'whole')
  const unbroken = await sweep(longer, seeds, data, { resultsDir: whole, workers: 2 })
  for (const [i, { run }] of plan.runs.entries())
    assert.deepEqual(runNumbers(run, resultsDir), runNumbers(unbroken.all[i]!.id, whole))
  const again = await sweep(longer, seeds, data, { resultsDir, workers: 2 })
  assert.deepEqual(again.table(), runs.table())
  assert.equal(readdirSync(path.join(resultsDir, 'runs')).length, 3)
  const anew = await sweep(longer, seeds, data, { resultsDir, workers: 2, resume: false })
  assert.equal(readdirSync(path.join(resultsDir, 'runs')).length, 6)
  assert.ok(!anew.all.some(({ id }) => runs.all.some((run) => run.id === id)))
})

test('a run that fails does not stop the others, is told with its reason, and is tried again when asked', async () => {
  const resultsDir = path.join(folder, 'failing')
  // With this weight decay the weights grow a thousandfold in every step at the higher rate.
  const growing = { ...base, warmup: 0, optimizer: 'adamw', weightDecay: 100, evalEvery: 40 } as const
  const grid = { lr: [1e-6, 10], seed: [0] }
  const runs = await sweep(growing, grid, data, { resultsDir, workers: 2 })
  const { coverage } = runs
  assert.deepEqual(
    coverage.runs.map(({ state }) => state),
    ['done', 'failed'],
  )
  assert.deepEqual(coverage.table()[0], { lr: 1e-6, 'seed 0': 'done' })
  assert.match(coverage.runs[1]!.message!, /lower lr|NaN|infinite/i)
  assert.equal(runs.all.filter(({ config }) => config.lr === 1e-6).length, 1)
  // Another call does not train it again, and a retry does.
  const { coverage: second } = await sweep(growing, grid, data, { resultsDir, workers: 2 })
  assert.equal(second.count('failed'), 1)
  const [retried] = retryRuns(coverage.plan)
  assert.equal(retried, coverage.runs[1]!.run)
  assert.equal(statusesOf(coverage.plan)[1]!.state, 'interrupted')
  assert.throws(() => retryRuns(coverage.plan, ['nothing']), /expected a failed run, found nothing/)
})

test('a worker that dies at the same step again and again fails its run, and the others are trained', async () => {
  const resultsDir = path.join(folder, 'dying')
  const { plan, states, notes } = await withTwo(resultsDir, {
    onWorker: (index, pid) => {
      if (index === 1) process.kill(pid, 'SIGKILL')
    },
  })
  assert.deepEqual(states, ['done', 'failed', 'done'])
  assert.match(notes.at(-1)! + notes.join(), /ended by SIGKILL, 3 times at step 0/)
  assert.match(statusesOf(plan)[1]!.message!, /3 times at step 0/)
})

test('successive halving ends weak configurations early, and stores its decisions', async () => {
  const resultsDir = path.join(folder, 'halving')
  const grid: Grid = { lr: [1e-5, 1e-4, 1e-3, 1e-2], seed: [0, 1] }
  const halving = { metric: 'test.cells', factor: 2, rungs: 1 }
  const small = { ...base, trainSteps: 20, evalEvery: 5 }
  const runs = await sweep(small, grid, data, { resultsDir, workers: 2, halving })
  const { plan } = runs.coverage
  const [decision, ...others] = rungDecisions(plan)
  assert.deepEqual(others, [])
  assert.equal(decision!.ranking.length, 4)
  assert.deepEqual(
    decision!.ranking.map(({ goesOn }) => goesOn),
    [true, true, false, false],
  )
  for (const { runs: indices, goesOn } of decision!.ranking)
    for (const index of indices) {
      const { state, step } = runs.coverage.runs[index]!
      assert.deepEqual([state, step], goesOn ? ['done', 20] : ['ended', 10])
    }
  // The mean over seeds of the evaluation at the rung.
  const best = decision!.ranking[0]!
  const cells = best.runs.map(
    (index) => loadRun(plan.runs[index]!.run, resultsDir).evaluations.find(({ step }) => step === 10)!['test.cells']!,
  )
  assert.ok(Math.abs(best.value! - (cells[0]! + cells[1]!) / 2) < 1e-12)
  assert.ok(decision!.ranking.every(({ value }, i, all) => i === 0 || value! <= all[i - 1]!.value!))
})

test('a sweep that is cancelled is saved and stopped, in one process as in several, and goes on when it is called again', async () => {
  for (const workers of [1, 2]) {
    const resultsDir = path.join(folder, `cancelled-${workers}`)
    const long = { ...base, trainSteps: 4000, evalEvery: 4000, logEvery: 100 }
    const { plan, store } = await planSweep(long, { seed: [0, 1] }, data, { resultsDir })
    store()
    const runs = sweep(long, { seed: [0, 1] }, data, { resultsDir, workers })
    for (let tries = 0; tries < 600 && statusesOf(plan)[0]!.state !== 'running'; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    cancelSweep(plan)
    const { coverage } = await runs
    assert.equal(coverage.runs[0]!.state, 'interrupted')
    assert.equal(coverage.count('done') + coverage.count('running'), 0)
    assert.ok(isCancelled(plan))
    const short = new AbortController()
    short.abort()
    await sweep(long, { seed: [0, 1] }, data, { resultsDir, workers, signal: short.signal })
    assert.equal(isCancelled(plan), false)
  }
})

test('a run that was killed during the evaluation of a decision is evaluated before the decision is taken', async () => {
  const resultsDir = path.join(folder, 'halving-killed')
  const halving = { metric: 'test.cells', factor: 2, rungs: 1 }
  const small = { ...base, trainSteps: 20, evalEvery: 5 }
  const { plan, store } = await planSweep(small, { lr: [1e-4, 1e-2] }, data, { resultsDir, halving })
  store()
  const [first] = waitingTasks(plan, new Set(), new Set())
  assert.deepEqual(first, { index: 0, stopAt: 10 })
  for (const [index, planned] of plan.runs.entries())
    await trainPlanned(plan, planned, {
      data,
      stopAt: 10,
      // The first is stopped in its evaluation at step 10: the step is logged, the evaluation is not.
      ...(index === 0 ? stoppedAt(10) : {}),
    })
  assert.equal(statusesOf(plan)[0]!.step, 10)
  assert.deepEqual(waitingTasks(plan, new Set(), new Set()), [{ index: 0, stopAt: 10 }])
  assert.deepEqual(rungDecisions(plan), [])
  await trainPlanned(plan, plan.runs[0]!, { data, stopAt: 10, observer: {} })
  assert.equal(waitingTasks(plan, new Set(), new Set()).length, 1)
  assert.ok(rungDecisions(plan)[0]!.ranking.every(({ value }) => value !== null))
})

/** An observer and a signal that stop a run at the beginning of its evaluation after a step. */
function stoppedAt(at: number): { observer: RunObserver; signal: AbortSignal } {
  const stop = new AbortController()
  const observer: RunObserver = { onEvaluating: (step) => (step === at ? stop.abort() : undefined) }
  return { observer, signal: stop.signal }
}

test('successive halving by a metric that evaluations do not have, or without test puzzles, is refused', async () => {
  const resultsDir = path.join(folder, 'refused')
  const call = (set: Dataset, metric?: string) =>
    planSweep(base, seeds, set, { resultsDir, halving: metric === undefined ? {} : { metric } })
  await assert.rejects(
    call(data, 'test.exat'),
    /option halving\.metric: expected a metric of the run: .*Did you mean test\.exact/,
  )
  const untested = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 0, seed: 3 })
  await assert.rejects(call(untested), /option halving\.metric: expected nothing: the data set has no test puzzles/)
})

test('other metrics, and other initial weights in the same file, make another plan', async () => {
  const resultsDir = path.join(folder, 'identity')
  const plan = async (options: SweepOptions) =>
    (await planSweep({ ...base, trainSteps: 2 }, { seed: [0] }, data, { resultsDir, ...options })).plan
  const half = { metrics: { right: ({ index }: { index: number }) => index / 2 } }
  const whole = { metrics: { right: ({ index }: { index: number }) => index } }
  const runs = await sweep({ ...base, trainSteps: 2 }, { seed: [0] }, data, { resultsDir, ...half, observer: {} })
  assert.equal((await plan(half)).runs[0]!.run, runs.all[0]!.id)
  assert.notEqual((await plan(whole)).id, (await plan(half)).id)
  await assert.rejects(
    plannedSweep(readPlan(runs.coverage.plan.dir)),
    /expected the metrics that it was planned with \(right\), found none: a notebook cell defined them\. Run that cell again/,
  )

  const from = path.join(resultsDir, 'init.safetensors')
  const others = await sweep({ ...base, trainSteps: 2 }, { seed: [1, 2] }, data, { resultsDir, observer: {} })
  const copy = (index: number) => copyFileSync(path.join(others.all[index]!.dir, checkpointFile(2)), from)
  copy(0)
  const first = await plan({ init: { from } })
  assert.equal((await plan({ init: { from } })).id, first.id)
  copy(1)
  assert.notEqual((await plan({ init: { from } })).id, first.id)
})

test('where the reason of a failure cannot be stored, the runs at work are saved and the sweep fails with one error', async () => {
  const resultsDir = path.join(folder, 'full')
  const { plan, works, store } = await planSweep(base, seeds, data, { resultsDir })
  store()
  // A folder in the place of the file.
  const inPlace = path.join(plan.dir, 'failures', `${plan.runs[1]!.run}.json`)
  const pool = runPool(plan, {
    ...{ workers: 2, threads: 1, works, note: () => {} },
    observer: () => ({}),
    onWorker: (index, { pid }) => {
      if (index !== 1) return
      mkdirSync(inPlace, { recursive: true })
      process.kill(pid!, 'SIGKILL')
    },
  })
  await assert.rejects(pool, { name: 'UserError', message: /failures.*expected a writable path/ })
  assert.ok(!statusesOf(plan).some(({ state }) => state === 'running'))
})

test('a plan that was changed, or made by other code, is refused by name', async () => {
  const resultsDir = path.join(folder, 'two')
  const { plan } = await planSweep(base, seeds, data, { resultsDir })
  const file = path.join(plan.dir, 'plan.json')
  const text = readFileSync(file, 'utf8')
  try {
    writeFileSync(file, text.replace('"estimate": true', '"estimate": false'))
    assert.throws(() => readPlan(plan.dir), /plan\.json: expected an unmodified object.*plan the sweep again/)
    writeFileSync(file, text.replace('"formatVersion": 2', '"formatVersion": 99'))
    assert.throws(() => readPlan(plan.dir), /the plan of a sweep, format version 2, found version 99/)
  } finally {
    writeFileSync(file, text)
  }
  const other = { ...readPlan(plan.dir), code: { ...plan.code, 'lib/train/step.ts': '0' } }
  await assert.rejects(
    plannedSweep(other),
    /expected the code that the sweep was planned with, found other code: lib\/train\/step\.ts/,
  )
})

test('the report of a sweep has its runs and coverage as tables and a page, and curves also of own metrics', async () => {
  const dir = path.join(folder, 'report')
  const metrics = { always: () => 1 }
  const options = { resultsDir: path.join(folder, 'reported'), metrics, observer: {} }
  const runs = await sweep({ ...base, trainSteps: 4, evalEvery: 2 }, { seed: [0, 1] }, data, options)
  await assert.rejects(writeSweepReport(runs, dir, { height: 2 }), /height: expected a venue or a width beside it/)
  assert.equal(existsSync(dir), false)
  const files = (await writeSweepReport(runs, dir, { venue: 'icml' })).map((file) => path.relative(dir, file))
  for (const name of [
    'runs.csv',
    'runs.arrow',
    'coverage.csv',
    'coverage.arrow',
    'curves-test.always.svg',
    'curves-test.always.pdf',
    'index.html',
  ])
    assert.ok(files.includes(name), `${name} in ${files.join()}`)
  assert.deepEqual(readdirSync(dir).sort(), files.sort())
  const page = readFileSync(path.join(dir, 'index.html'), 'utf8')
  assert.match(page, /<p>2 runs: 2 done<\/p>/)
  assert.equal(
    page.match(/<svg class="main-svg"/g)!.length >= files.filter((name) => name.endsWith('.svg')).length,
    true,
  )
  assert.equal(readFileSync(path.join(dir, 'runs.csv'), 'utf8').trim().split('\r\n').length, 3)
})

test('a plan whose folder holds another sweep is refused, and nothing is written', async () => {
  const resultsDir = path.join(folder, 'elsewhere')
  const planDir = (await planSweep(base, seeds, data, { resultsDir: path.join(folder, 'two') })).plan.dir
  await assert.rejects(
    planSweep({ ...base, lr: 0.5 }, seeds, data, { resultsDir, planDir }),
    /expected no plan, or that of the same sweep, found one of 3 other runs. Choose another folder/,
  )
  assert.equal(existsSync(resultsDir), false)
})
