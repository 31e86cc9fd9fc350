import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import type { Dataset } from '../../lib/index.js'
import { resume, sudoku, train } from '../../lib/index.js'
import { loadCheckpoint, openRun } from '../../lib/results/run.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  await startBackend()
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-resume-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base: ConfigInput = {
  hidden: 16,
  heads: 2,
  layers: 1,
  K: 3,
  batch: 8,
  trainSteps: 6,
  evalEvery: 2,
  evalBatch: 10,
  haltExploration: 0.5,
  warmup: 4,
  lrMinRatio: 0.1,
}

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
  const timeless = (rows: readonly object[]): object[] =>
    rows.map((row) => ({ ...row, trainSeconds: 0, evaluationSeconds: 0 }))
  return { tensors, state: { ...state, seconds: 0 }, metrics: timeless(metrics), evaluations: timeless(evaluations) }
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
