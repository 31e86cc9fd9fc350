import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { againWith } from '../../lib/experiment/run/stop.js'
import {
  type Dataset,
  evaluateRun,
  loadRun,
  type RunObserver,
  resume,
  solve,
  sudoku,
  sweep,
  type TrainOptions,
  train,
} from '../../lib/index.js'
import { PLOTLY_MIME } from '../../lib/notebook/bundle.js'
import { setHost } from '../../lib/notebook/host.js'
import { listRuns, openRun } from '../../lib/results/run.js'
import { timeless } from '../timeless.js'
import { type FakeHost, fakeHost } from './fake-host.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  await startBackend()
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-stop-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))
afterEach(() => setHost(null))

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 2, evalBatch: 5 }

const numbers = (id: string) => {
  const { metrics, evaluations } = loadRun(id, resultsDir)
  return [timeless(metrics), timeless(evaluations)]
}

/** The message of the error that a promise is rejected with, whose name is Interrupted. */
async function interruption(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('was not stopped'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Error && error.name === 'Interrupted', String(error))
  return error.message
}

/** The text of progress as one line a run: it wraps between its parts. */
function unwrapped(bundle: Readonly<Record<string, unknown>>): string {
  return String(bundle['text/plain']).replaceAll('\n  ', ' · ')
}

/** Stops the cell at this step of the next run; `soon`: while what follows the step is computed. */
function stopAt(host: FakeHost, step: number, soon = false): RunObserver & { readonly ids: string[] } {
  const ids: string[] = []
  return {
    ids,
    onStart: ({ id }) => ids.push(id),
    onStep: (metrics) => {
      if (metrics.step !== step) return
      if (soon) setImmediate(() => host.stop())
      else host.stop()
    },
  }
}

test('training whose cell is stopped has saved, says how it goes on, and does so bit for bit', async () => {
  const host = fakeHost()
  const { numTensors } = tf.memory()
  const observer = stopAt(host, 3)
  const message = await interruption(train({ ...base, seed: 1 }, data, { resultsDir, observer }))
  const [id] = observer.ids
  assert.equal(
    message,
    'stopped at step 3 of 4, saved: run the cell again with resume: true among the options of train',
  )
  assert.equal(host.stoppableNow, 0)
  await host.endCell()
  const again = await train({ ...base, seed: 1 }, data, { resultsDir, observer: {}, resume: true })
  assert.equal(again, id)
  const whole = await train({ ...base, seed: 1 }, data, { resultsDir, observer: {} })
  assert.deepEqual(numbers(id!), numbers(whole))
  assert.equal(tf.memory().numTensors, numTensors)
})

for (const step of [2, 4])
  test(`an evaluation after step ${step} of 4 that is stopped between batches is made up when the run goes on`, async () => {
    const host = fakeHost()
    const observer = stopAt(host, step, true)
    const message = await interruption(train({ ...base, seed: 2 }, data, { resultsDir, observer }))
    assert.match(message, new RegExp(`stopped at step ${step} of 4, saved`))
    const [id] = observer.ids
    assert.ok(loadRun(id!, resultsDir).evaluations.every((row) => row.step < step))
    assert.equal(openRun(id!, resultsDir).state, 'interrupted')
    await host.endCell()
    await resume(id!, { resultsDir, observer: {} })
    const whole = await train({ ...base, seed: 2 }, data, { resultsDir, observer: {} })
    assert.deepEqual(numbers(id!), numbers(whole))
  })

test('with a signal of its own, training returns the run that was stopped, also in a notebook', async () => {
  fakeHost()
  const stop = new AbortController()
  const id = await train(base, data, { resultsDir, signal: stop.signal, observer: { onStep: () => stop.abort() } })
  assert.equal(openRun(id, resultsDir).status.checkpoint, 1)
})

test('training that was stopped by force is interrupted at its last checkpoint, and leaks no tensor', async () => {
  const host = fakeHost()
  const { numTensors } = tf.memory()
  let id = ''
  const observer: RunObserver = {
    onStart: (run) => {
      id = run.id
    },
    onStep: ({ step }) => {
      if (step === 3) host.forceStop()
    },
  }
  await interruption(train({ ...base, seed: 3, checkpointEvery: 2 }, data, { resultsDir, observer }))
  assert.equal(tf.memory().numTensors, numTensors)
  const { state, status } = openRun(id, resultsDir)
  assert.deepEqual([state, status.checkpoint], ['interrupted', 2])
  await resume(id, { resultsDir, observer: {} })
  const whole = await train({ ...base, seed: 3, checkpointEvery: 2 }, data, { resultsDir, observer: {} })
  assert.deepEqual(numbers(id), numbers(whole))
})

test('a sweep that was stopped goes on with the same call: finished runs are taken over, the stopped one is resumed', async () => {
  const own = path.join(resultsDir, 'sweep')
  const host = fakeHost()
  const call = (observer: RunObserver) =>
    sweep(base, { mixer: ['mlp', 'attention'], seed: [0, 1] }, data, { resultsDir: own, observer, resume: true })
  let started = 0
  const message = await interruption(
    call({
      onStart: () => started++,
      onStep: ({ step }) => {
        if (started === 2 && step === 3) host.stop()
      },
    }),
  )
  assert.equal(message, 'stopped, saved: 4 runs: 1 done, 1 interrupted, 2 missing; run the cell again')
  await host.endCell()
  const steps: number[] = []
  const runs = await call({ onStep: ({ step }) => steps.push(step) })
  assert.deepEqual(steps, [4, 1, 2, 3, 4, 1, 2, 3, 4])
  assert.deepEqual(
    runs.all.map(({ config }) => `${config.mixer} ${config.seed}`),
    ['mlp 0', 'mlp 1', 'attention 0', 'attention 1'],
  )
  assert.equal(listRuns(own).runs.length, 4)
  const again = await call({})
  assert.deepEqual(
    again.all.map(({ id }) => id),
    runs.all.map(({ id }) => id),
  )
  const others = await sudoku({ box: [2, 2], clues: 7, train: 30, test: 10, seed: 3 })
  const other = await sweep(base, { seed: [0] }, others, { resultsDir: own, observer: {}, resume: true })
  assert.ok(!runs.all.some(({ id }) => id === other.all[0]!.id), 'runs on other puzzles are not taken over')
})

test('what a stopped cell is told to do goes on bit for bit, whatever the options of its call were', async () => {
  assert.equal(againWith('sweep', undefined), 'run the cell again with { resume: true } as the last argument of sweep')
  assert.equal(againWith('train', {}), 'run the cell again with resume: true among the options of train')
  assert.equal(againWith('train', { resume: true }), 'run the cell again')
  const whole = await train({ ...base, seed: 7 }, data, { resultsDir, observer: {} })
  const init = { from: whole, weights: 'live' } as const
  const host = fakeHost()
  const observer = stopAt(host, 2)
  const call = (more: TrainOptions) => train({ ...base, seed: 8 }, data, { resultsDir, init, ...more })
  await interruption(call({ observer }))
  await host.endCell()
  const second = stopAt(host, 3)
  assert.equal(
    await interruption(call({ observer: second, resume: true })),
    'stopped at step 3 of 4, saved: run the cell again',
  )
  await host.endCell()
  const third = stopAt(host, 99)
  assert.equal(await call({ observer: third, resume: true }), observer.ids[0])
  assert.deepEqual(numbers(observer.ids[0]!), numbers(await call({ observer: {} })))
  assert.equal(await interruption(resumedOf(host)), 'stopped at step 3 of 4, saved: run the cell again')
})

/** Stops a run at step 2, and its `resume` at step 3. */
async function resumedOf(host: FakeHost): Promise<unknown> {
  const observer = stopAt(host, 2)
  await interruption(train({ ...base, seed: 9 }, data, { resultsDir, observer }))
  await host.endCell()
  return resume(observer.ids[0]!, { resultsDir, observer: stopAt(host, 3) })
}

test('in a notebook a sweep that makes many data sets says how far it is', async () => {
  const host = fakeHost({ live: false })
  const grid = { clues: [30, 31, 32, 33], seed: [0] }
  const shared = { ...base, trainSteps: 1, box: '3x3', trainPuzzles: 250, testPuzzles: 250 } as const
  const runs = await sweep(shared, grid, { resultsDir })
  await host.endCell()
  assert.equal(runs.all.length, 4)
  const texts = host.sent.map(({ bundle }) => String(bundle['text/plain']))
  assert.ok(
    texts.some((text) => /^data sets: .*4\/4 runs/m.test(text)),
    texts[0],
  )
})

test('an evaluation and a solving that are stopped end between their steps', async () => {
  const id = await train(base, data, { resultsDir, observer: {} })
  const { numTensors } = tf.memory()
  const host = fakeHost()
  const message = await interruption(
    evaluateRun(id, { resultsDir, data, onBatch: (done) => void (done === 5 && host.stop()) }),
  )
  assert.match(message, /^stopped after 5 of 10 puzzles/)
  await host.endCell()
  const steps = (await solve(id, '1...............', { resultsDir })).run()
  assert.equal(steps.next().value?.step, 1)
  host.stop()
  assert.throws(() => steps.next(), /^Interrupted: stopped at step 1 of 2$/)
  assert.equal(tf.memory().numTensors, numTensors)
})

test('in a notebook training shows one line with rate, time to go and best, and curves of exact accuracy and loss', async () => {
  const host = fakeHost({ live: false })
  await train({ ...base, seed: 4 }, data, { resultsDir })
  await host.endCell()
  const lines = host.sent.filter(({ bundle }) => !(PLOTLY_MIME in bundle))
  assert.equal(new Set(lines.map(({ id }) => id)).size, 1)
  assert.match(
    unwrapped(lines.at(-1)!.bundle),
    /^\d+ MB of memory \(free: .*\), in \S+\nrun \S+: █{20} 4\/4 steps · .* · took .* · training loss \S+ · exact accuracy \S+ % \(best \S+ % at step \d\)$/,
  )
  const figures = host.sent.filter(({ bundle }) => PLOTLY_MIME in bundle)
  assert.equal(new Set(figures.map(({ id }) => id)).size, 1)
  const { data: traces } = figures.at(-1)!.bundle[PLOTLY_MIME] as { data: { x: number[]; yaxis?: string }[] }
  assert.deepEqual(
    traces.map(({ x, yaxis }) => [x, yaxis]),
    [
      [[2, 4], undefined],
      [[1, 2, 3, 4], 'y2'],
    ],
  )
})

test('a run that is resumed goes on counting where it was, and a sweep’s line counts all its runs', async () => {
  const host = fakeHost({ live: false })
  const observer = stopAt(host, 3)
  await interruption(train({ ...base, seed: 5 }, data, { resultsDir, observer }))
  await host.endCell()
  const from = host.sent.length
  await resume(observer.ids[0]!, { resultsDir })
  await host.endCell()
  const line = host.sent.slice(from).findLast(({ bundle }) => !(PLOTLY_MIME in bundle))!
  assert.match(String(line.bundle['text/plain']), / 4\/4 steps · /)
  await sweep(base, { seed: [5, 6] }, data, { resultsDir, resume: true })
  await host.endCell()
  const last = host.sent.findLast(({ bundle }) => !(PLOTLY_MIME in bundle))!
  assert.match(
    unwrapped(last.bundle),
    /^2 runs: 1 stored, 1 to train · .*\nrun 2 of 2 \(trm, seed 6\): █{20} 8\/8 steps · .*seed \d, step \d\)/,
  )
})
