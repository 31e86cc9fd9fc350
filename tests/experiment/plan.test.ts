import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { trainMetrics } from '../../lib/experiment/run/observer.js'
import type { CostPlan } from '../../lib/experiment/sweep/plan.js'
import { planUntil } from '../../lib/experiment/watch/live.js'
import { reportObserver } from '../../lib/experiment/watch/report.js'
import { watched } from '../../lib/experiment/watch/watch.js'
import { type Dataset, type RunObserver, sudoku, sweep } from '../../lib/index.js'
import { noMetrics } from '../../lib/model/outcome.js'
import { stepMetrics } from '../../lib/train/metrics.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-plan-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 4, evalBatch: 10 }

test('a sweep says first what all its runs take, estimates alike runs once, and none again', async () => {
  const told: string[] = []
  let plan: CostPlan | null = null
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
  const { estimates, totalSeconds } = plan! as CostPlan
  assert.equal(estimates[0], estimates[1])
  assert.equal(estimates[2], estimates[3])
  assert.notEqual(estimates[0], estimates[2])
  assert.ok(Math.abs(totalSeconds - 2 * (estimates[0]!.totalSeconds + estimates[2]!.totalSeconds)) < 1e-9)
  const evaluating = told.slice(told.indexOf('start') + 1, told.indexOf('evaluation'))
  assert.equal(evaluating[0], 'evaluating at 4: 0/10')
  assert.equal(evaluating.at(-1), 'evaluating at 4: 10/10')
  assert.ok(evaluating.length >= 3, 'and on the way')
})

test('finished runs that a sweep takes over cost nothing in its plan', async () => {
  let plan: CostPlan | null = null
  const observer: RunObserver = {
    onPlan: (all) => {
      plan = all
    },
  }
  await sweep(base, { seed: [0, 1, 2, 3] }, data, { resultsDir, observer, resume: true })
  const { estimates } = plan! as CostPlan
  assert.deepEqual(
    estimates.map((estimate) => estimate === null),
    [true, true, false, false],
  )
  const until = planUntil(plan!, [4, 4, 4, 4])
  const { totalSeconds } = estimates[2]!
  assert.deepEqual([until(0), until(8), until(12), until(16)], [0, 0, totalSeconds, 2 * totalSeconds])
  assert.ok(Math.abs(until(10) - totalSeconds / 2) < 1e-9)
})

test('of a run that goes on, a sweep plans for the steps that are left', async () => {
  const stop = new AbortController()
  const stopping: RunObserver = { onStep: ({ step }) => step === 3 && stop.abort() }
  const two = { seed: [7, 8] }
  await sweep(base, two, data, { resultsDir, observer: stopping, signal: stop.signal })
  let plan: CostPlan | null = null
  const observer: RunObserver = {
    onPlan: (all) => {
      plan = all
    },
  }
  await sweep(base, two, data, { resultsDir, observer, resume: true })
  const { estimates, totalSeconds } = plan! as CostPlan
  assert.ok(Math.abs(totalSeconds - 1.25 * estimates[1]!.totalSeconds) < 1e-9)
})

test('the time to go of a run begins with what the plan of its sweep has for it', async () => {
  const lines: string[] = []
  const observer = reportObserver({ line: () => {}, status: (text) => lines.push(text) }, '1/2', 60)
  observer.onStart?.({ id: 'x', config: parseConfig({}), step: 0, trainSteps: 10 })
  // A line says nothing of times so short that they mean nothing.
  await new Promise((resolve) => setTimeout(resolve, 60))
  const report = { loss: 1, lmLoss: 1, qHaltLoss: 1, qContinueLoss: null, lr: 1, puzzleLr: 1, rows: 1 }
  observer.onStep?.(trainMetrics(stepMetrics(1, { ...noMetrics(), ...report }, 0)))
  assert.match(lines.at(-1)!, /\b54 s left/)
})

test('what concerns all runs of a sweep is said without the name of one', async () => {
  const said: string[] = []
  const { write } = process.stdout
  process.stdout.write = (text: string | Uint8Array) => said.push(String(text)) > 0
  try {
    const configs = [0, 1].map((seed) => parseConfig({ seed }))
    await watched({}, configs, [1, 1], async ({ note, observer }) => {
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
