import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import type { Estimate } from '../../lib/experiment/estimate/memory.js'
import { RunTimes } from '../../lib/experiment/estimate/run-times.js'
import { runWork } from '../../lib/experiment/estimate/work.js'
import { trainMetrics } from '../../lib/experiment/run/observer.js'
import { reportObserver } from '../../lib/experiment/watch/report.js'
import { watched } from '../../lib/experiment/watch/watch.js'
import { type Dataset, type RunObserver, sudoku, sweep, train } from '../../lib/index.js'
import { noMetrics } from '../../lib/model/accuracy.js'
import { loadCheckpoint, openRun } from '../../lib/results/run.js'
import { stepMetrics, trainingTotals } from '../../lib/train/metrics.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-plan-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

/** The weights and moments at the end of a run. */
function weightsOf(id: string): unknown {
  return loadCheckpoint(openRun(id, resultsDir)).tensors
}

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 4, evalBatch: 10 }

test('a sweep says first what memory its runs take, estimates runs of the same work once, and none again', async () => {
  const told: string[] = []
  let plan: readonly (Estimate | null)[] = []
  const observer: RunObserver = {
    onEstimating: () => told.push('estimating'),
    onEstimate: () => told.push('estimate'),
    onPlan: (all) => {
      plan = all
      told.push('plan')
    },
    onStart: () => told.push('start'),
    onEvaluating: (step, done, puzzles) => told.push(`evaluating at ${step}: ${done}/${puzzles}`),
    onEvaluation: () => told.push('evaluation'),
  }
  await sweep(base, { mixer: ['mlp', 'attention'], seed: [0, 1] }, data, { resultsDir, observer })
  assert.deepEqual(told.slice(0, 3), ['estimating', 'plan', 'start'])
  assert.equal(told.filter((what) => what === 'start').length, 4)
  assert.ok(!told.includes('estimate'))
  assert.equal(plan[0], plan[1])
  assert.equal(plan[2], plan[3])
  assert.notEqual(plan[0], plan[2])
  const evaluating = told.slice(told.indexOf('start') + 1, told.indexOf('evaluation'))
  assert.equal(evaluating[0], 'evaluating at 4: 0/10')
  assert.equal(evaluating.at(-1), 'evaluating at 4: 10/10')
  assert.ok(evaluating.length >= 3, 'and on the way')
})

test('finished runs that a sweep takes over have no place in its plan', async () => {
  let plan: readonly (Estimate | null)[] = []
  const observer: RunObserver = {
    onPlan: (all) => {
      plan = all
    },
  }
  await sweep(base, { seed: [0, 1, 2, 3] }, data, { resultsDir, observer, resume: true })
  assert.deepEqual(
    plan.map((estimate) => estimate === null),
    [true, true, false, false],
  )
})

test('estimate: false leaves the estimates of a sweep out, and the runs are made', async () => {
  const told: string[] = []
  const observer: RunObserver = {
    onEstimating: () => told.push('estimating'),
    onPlan: () => told.push('plan'),
    onEnd: () => told.push('end'),
  }
  await sweep(base, { seed: [20, 21] }, data, { resultsDir, observer, estimate: false })
  assert.deepEqual(told, ['end', 'end'])
})

test('a sweep with a run that the machine cannot hold is refused before its first run', async () => {
  const refused = path.join(resultsDir, 'refused')
  await assert.rejects(
    sweep({ ...base, layers: 64 }, { hidden: [16, 16_384] }, data, { resultsDir: refused, observer: {} }),
    /memory: expected at most .* the free memory of the machine/,
  )
  assert.equal(existsSync(refused), false)
})

test('soon after the first steps a piece of an evaluation is timed, once, which changes no number of the run', async () => {
  const long = { ...base, hidden: 64, T: 2, n: 2, batch: 30, trainSteps: 100, evalEvery: 100, seed: 40 }
  const told: { step: number; seconds: number }[] = []
  let at = 0
  const observer: RunObserver = {
    onStep: ({ step }) => {
      at = step
    },
    onEvaluationTime: (seconds) => told.push({ step: at, seconds }),
  }
  const ids = [
    await train(long, data, { resultsDir, observer }),
    await train(long, data, { resultsDir, observer: {}, estimate: false }),
  ]
  assert.equal(told.length, 1)
  const [{ step, seconds }] = told as [(typeof told)[0]]
  assert.ok(step < 100, `at step ${step}`)
  assert.ok(seconds > 0)
  const [timed, untimed] = ids.map((id) => weightsOf(id))
  assert.deepEqual(timed, untimed)
})

test('the line of a run says nothing of the time to go before it knows, and its sweep’s once it does', () => {
  const [lines, statuses]: [string[], string[]] = [[], []]
  const sink = { line: (text: string) => lines.push(text), status: (text: string) => statuses.push(text) }
  const works = [0, 1, 2].map((seed) => runWork(parseConfig({ ...base, trainSteps: 10, seed }), data))
  let clock = 0
  const times = new RunTimes(works)
  const observer = reportObserver(sink, '1/3', { index: 0, times, runs: 3 })
  observer.onStart?.({ id: 'x', config: works[0]!.config, step: 0, trainSteps: 10, work: works[0]! })
  const report = {
    loss: 1,
    lmLoss: 1,
    qHaltLoss: 1,
    qContinueLoss: null,
    lr: 1,
    puzzleLr: 1,
    rows: 1,
    norms: { gradient: 1, weights: 1 },
    skipped: null,
  }
  const step = (at: number, seconds: number): void => {
    clock += seconds
    // A line says nothing of times so short that they mean nothing.
    const until = performance.now() + 60
    while (performance.now() < until);
    const compute = { trainMacs: at, trainSupervisionSteps: at, trainNetworkCalls: at }
    const totals = trainingTotals(compute, 0, { seconds: clock, cpuSeconds: clock, joules: null })
    observer.onStep?.(trainMetrics(stepMetrics(at, { ...noMetrics(), ...report }, totals)))
  }
  step(1, 360)
  assert.match(statuses.at(-1)!, /so far, measuring the time left/)
  observer.onEvaluationTime?.(4)
  step(2, 2)
  assert.match(statuses.at(-1)!, /so far, \d\d s left/)
  // Eight steps here, ten in each of the two others, and an evaluation every four steps and at the end.
  assert.ok(lines.includes('3 runs, about 1:32 left in all'), lines.join('\n'))
  step(3, 2)
  assert.equal(lines.filter((line) => /in all/.test(line)).length, 1)
})

test('what concerns all runs of a sweep is said without the name of one', async () => {
  const said: string[] = []
  const { write } = process.stdout
  process.stdout.write = (text: string | Uint8Array) => said.push(String(text)) > 0
  try {
    const works = [0, 1].map((seed) => runWork(parseConfig({ seed }), data))
    await watched({}, works, [], async ({ note, observer }) => {
      note('all of them')
      observer(1).onNote?.('one of them')
    })
  } finally {
    process.stdout.write = write
  }
  const lines = said.join('').split('\n')
  assert.ok(lines.includes('all of them'), said.join(''))
  assert.ok(lines.includes('2/2 trm, seed 1: one of them'), said.join(''))
})
