import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
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
function outcome(id: string): unknown {
  const { tensors, state } = loadCheckpoint(openRun(id, resultsDir))
  const { metrics, evaluations } = loadRun(id, resultsDir)
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
