import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { NOTHING_SPENT, type Spent } from '../../lib/backend/spent.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { runWork } from '../../lib/experiment/estimate/work.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import type { Dataset } from '../../lib/index.js'
import { Runs, resume, train } from '../../lib/index.js'
import { stepCalls, stepMacs } from '../../lib/model/macs.js'
import { loadCheckpoint, openRun } from '../../lib/results/run.js'
import { timeless } from '../timeless.js'
import { smallData, smallRun } from './small-run.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  await startBackend()
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-resume-'))
  data = await smallData()
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base: ConfigInput = { ...smallRun, haltExploration: 0.5, warmup: 4, lrMinRatio: 0.1 }

const VARIANTS: Readonly<Record<string, ConfigInput>> = {
  HRM: { model: 'hrm', mixer: 'attention', layersH: 2 },
  'direct prediction': { model: 'direct' },
  'multi-scale z': { latents: 'multi', T: 2, n: 3 },
  'frozen weights': { freeze: true, T: 1, n: 2 },
}

/** All that a finished run holds, but for the time it took. */
function outcome(id: string, folder = resultsDir): unknown {
  const { tensors, state } = loadCheckpoint(openRun(id, folder))
  const { metrics, evaluations } = loadRun(id, folder)
  return {
    tensors,
    state: { ...state, spent: NOTHING_SPENT },
    metrics: timeless(metrics),
    evaluations: timeless(evaluations),
  }
}

for (const [name, change] of Object.entries(VARIANTS))
  test(`a run of ${name} that was stopped and resumed ends as one that was not, bit for bit`, async () => {
    const { numTensors } = tf.memory()
    const config = { ...base, ...change }
    const whole = await train(config, data, { resultsDir })
    const stop = new AbortController()
    const observer = { onStep: ({ step }: { step: number }) => step === 3 && stop.abort() }
    const stopped = await train(config, data, { resultsDir, observer, signal: stop.signal })
    assert.equal(loadCheckpoint(openRun(stopped, resultsDir)).state.step, 3)
    await resume(stopped, { resultsDir })
    assert.deepEqual(outcome(stopped), outcome(whole))
    assert.equal(tf.memory().numTensors, numTensors, 'no tensor is leaked')
  })

test('a run that is killed during an evaluation has saved the steps before it, and evaluates first when it is resumed', async () => {
  const whole = await train(base, data, { resultsDir })
  const killedDir = path.join(resultsDir, 'killed')
  let id = ''
  const observer = {
    onStart: (run: { id: string }) => {
      id = run.id
    },
    // The folder at this moment is what a kill leaves.
    onEvaluating: (step: number, done: number) => {
      if (step === 4 && done === 0)
        cpSync(path.join(resultsDir, 'runs', id), path.join(killedDir, 'runs', id), { recursive: true })
    },
  }
  await train(base, data, { resultsDir, observer })
  rmSync(path.join(killedDir, 'runs', id, readdirSync(path.join(killedDir, 'runs', id)).find(isLease)!))
  const killed = openRun(id, killedDir)
  assert.deepEqual([killed.state, killed.status.checkpoint], ['interrupted', 4])
  assert.deepEqual(
    loadRun(id, killedDir).metrics.map(({ step }) => step),
    [1, 2, 3, 4],
  )
  const seen: string[] = []
  await resume(id, {
    resultsDir: killedDir,
    observer: {
      onEvaluation: (step) => seen.push(`evaluation ${step}`),
      onStep: ({ step }) => seen.push(`step ${step}`),
    },
  })
  assert.deepEqual(seen, ['evaluation 4', 'step 5', 'step 6', 'evaluation 6'])
  assert.deepEqual(outcome(id, killedDir), outcome(whole))
})

function isLease(name: string): boolean {
  return name.startsWith('lease-')
}

test('the compute of training and of evaluations is that of the steps made, and a resumed run continues its totals', async () => {
  const config = {
    ...base,
    evalHalt: true,
    halting: 'continue' as const,
    model: 'hrm' as const,
    mixer: 'attention' as const,
  }
  const id = await train(config, data, { resultsDir, stopAt: 3 })
  const before = loadCheckpoint(openRun(id, resultsDir)).state.spent as Spent
  await resume(id, { resultsDir })
  const run = loadRun(id, resultsDir)
  const { shape } = runWork(run.config, data)
  const [macs, calls] = [stepMacs(shape), stepCalls(shape)]
  for (const row of [...run.metrics, ...run.evaluations]) {
    const rows = row.step * base.batch!
    assert.equal(row.trainSupervisionSteps, rows)
    assert.equal(row.trainNetworkCalls, rows * calls.training)
    assert.equal(row.trainMacs, rows * macs.training)
  }
  for (const {
    supervisionSteps,
    puzzles,
    evaluationMacs,
    evaluationSupervisionSteps: made,
    ...row
  } of run.evaluations) {
    assert.equal(made, Math.round(supervisionSteps! * puzzles))
    assert.equal(evaluationMacs, made! * macs.forward, 'the heads are computed after each step, as a puzzle may halt')
    assert.equal(row.evaluationNetworkCalls, made! * calls.forward)
    assert.ok(row.evaluationCpuSeconds! > 0 && row.evaluationSeconds > 0)
  }
  const seconds = run.metrics.map(({ trainCpuSeconds }) => trainCpuSeconds!)
  assert.ok(
    before.cpuSeconds > 0 && seconds[3]! > before.cpuSeconds,
    'the fourth step adds to the three before the stop',
  )
  assert.deepEqual(
    seconds,
    [...seconds].sort((a, b) => a - b),
  )
  const [row] = new Runs([run]).table()
  assert.equal(row!['training (TMAC)'], Number(((6 * 8 * macs.training) / 1e12).toPrecision(3)))
})
