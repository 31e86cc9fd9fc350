import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { setFast } from '../../lib/backend/kernels.js'
import { NOTHING_SPENT } from '../../lib/backend/spent.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { estimateMemory } from '../../lib/experiment/estimate/memory.js'
import { runWork } from '../../lib/experiment/estimate/work.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import { newBatchesAhead, stepOptions } from '../../lib/experiment/run/resolve.js'
import { continueSession } from '../../lib/experiment/run/session.js'
import { type Dataset, type Loss, resume, sudoku, tf as tensors, train } from '../../lib/index.js'
import { configuredShape } from '../../lib/model/configured.js'
import { initialModel } from '../../lib/model/model.js'
import { createRun, listRuns, loadCheckpoint, openRun, saveCheckpoint } from '../../lib/results/run.js'
import { takeSnapshot } from '../../lib/train/snapshot.js'
import { initialState } from '../../lib/train/step.js'
import { Trainer } from '../../lib/train/trainer.js'
import { recurlab } from '../recurlab.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  await startBackend()
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-diverging-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 40, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

/** Weights grow a thousandfold in every step. */
const exploding: ConfigInput = {
  hidden: 16,
  heads: 2,
  T: 1,
  n: 1,
  K: 2,
  batch: 8,
  trainSteps: 30,
  evalEvery: 15,
  evalBatch: 10,
  checkpointEvery: 1,
  lr: 10,
  warmup: 0,
  optimizer: 'adamw',
  weightDecay: 100,
}

function theOnlyRun(folder: string) {
  const [record, ...more] = listRuns(folder).runs
  assert.ok(record && more.length === 0)
  return openRun(record.id, folder)
}

for (const [name, dtype, fast] of [
  ['fused kernels in the type of the machine', 'auto', true],
  ['fused kernels in float32', 'float32', true],
  ['plain operations', 'float32', false],
] as const)
  test(`a run whose loss is NaN fails at that step and keeps its last finite checkpoint (${name})`, async () => {
    const folder = path.join(resultsDir, name)
    const { numTensors } = tf.memory()
    setFast(fast)
    try {
      await assert.rejects(
        train({ ...exploding, dtype }, data, { resultsDir: folder, observer: {} }),
        (error: Error) => {
          assert.equal(error.name, 'UserError')
          assert.match(
            error.message,
            /^run \S+, step \d+ of 30, lr 10: expected finite losses, gradients and weights, found .*(lmLoss NaN|gradient of)/,
          )
          assert.match(
            error.message,
            /its last checkpoint is of step \d+\. Try a smaller lr than 10, a smaller weightDecay/,
          )
          return true
        },
      )
    } finally {
      setFast(true)
    }
    assert.equal(tf.memory().numTensors, numTensors)
    const run = theOnlyRun(folder)
    assert.equal(run.state, 'failed')
    assert.match(run.status.message ?? '', /expected finite losses/)
    const { tensors, state } = loadCheckpoint(run)
    assert.ok(state.step >= 1, 'a step was saved')
    assert.equal(state.step, run.status.checkpoint)
    for (const [tensor, { data: bytes }] of tensors)
      assert.ok(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).every(Number.isFinite), tensor)
    const { metrics, evaluations } = loadRun(run.id, folder)
    assert.ok(metrics.length >= 1 && metrics.every((row) => Number.isFinite(row['train.loss'])))
    assert.deepEqual(evaluations, [])
  })

test('weights that are not finite are neither evaluated nor saved, also where no loss has seen them', async () => {
  const folder = path.join(resultsDir, 'unseen')
  const config = parseConfig({ ...exploding, lr: 1e-3, weightDecay: 0.1, trainSteps: 2, checkpointEvery: 2 })
  const resolved = resolveConfig(config)
  const session = () => {
    const shape = configuredShape(resolved, data.manifest)
    const state = initialState(initialModel(shape, 0), config.batch, config.ema, 0)
    const run = createRun({ resultsDir: folder, config, provenance: {}, trainSteps: config.trainSteps! })
    const sampler = newBatchesAhead(resolved, data)
    saveCheckpoint(run, takeSnapshot(state, sampler.state(), NOTHING_SPENT))
    return {
      data,
      work: runWork(config, data),
      trainer: new Trainer({ options: stepOptions(resolved, 2), sampler, state }),
      run,
      evaluatedAt: 0,
    }
  }
  for (const [evaluated, found] of [
    [true, /, step 2 of 2, lr 0\.001: .* found NaN in ema\/q_head\.bias \(1 of 2 numbers\)/],
    [false, /, step 2 of 2, lr 0\.001: .* found NaN in ema\/q_head\.bias \(1 of 2 numbers\)/],
  ] as const) {
    const { numTensors } = tf.memory()
    const made = session()
    const whole = evaluated ? made : { ...made, data: { ...data, test: { ...data.test, count: 0 } } }
    const { state } = made.trainer
    const spoil = ({ step }: { step: number }): void => {
      if (step < 2) return
      state.ema!['q_head.bias']!.dispose()
      state.ema = { ...state.ema!, 'q_head.bias': tf.tensor1d([Number.NaN, 0]) }
    }
    await assert.rejects(continueSession(whole, { observer: { onStep: spoil } }), found)
    const run = openRun(made.run.id, folder)
    assert.deepEqual(
      [run.state, loadCheckpoint(run).state.step, loadRun(run.id, folder).evaluations],
      ['failed', 0, []],
    )
    assert.equal(tf.memory().numTensors, numTensors)
  }
})

/** Stablemax's loss, NaN for about one batch in five. */
const fragile: Loss = (logits, labels) => {
  const sum = tensors.sum(tensors.slice(labels, [0, 0], [-1, 1]))
  const isFifth = tensors.equal(tensors.sub(sum, tensors.mul(5, tensors.floor(tensors.div(sum, 5)))), 2)
  return tensors.where(isFifth, Number.NaN, tensors.mul(-1, tensors.max(tensors.logSoftmax(logits), -1)))
}

test('a run with skipped updates counts them, and resumes bit for bit', async () => {
  const folder = path.join(resultsDir, 'skipped')
  const config: ConfigInput = { ...exploding, ...{ lr: 1e-3, weightDecay: 0.1, trainSteps: 16, loss: fragile } }
  const skipping: ConfigInput = { ...config, notFinite: 'skip', maxSkips: 16 }
  const options = { resultsDir: folder, observer: {}, estimate: false }
  const whole = await train(skipping, data, options)
  const parts = await train(skipping, data, { ...options, stopAt: 1 })
  for (const stopAt of [4, 5, 6, 7, 11]) await resume(parts, { ...options, data, loss: fragile, stopAt })
  await resume(parts, { ...options, data, loss: fragile })
  const [a, b] = [whole, parts].map((id) => ({ ...loadCheckpoint(openRun(id, folder)), ...loadRun(id, folder) })) as [
    Both,
    Both,
  ]
  const { skipped, updates, step } = a.state as unknown as { skipped: { total: number }; updates: number; step: number }
  assert.ok(skipped.total > 0 && skipped.total < 16, String(skipped.total))
  assert.deepEqual([updates, step], [16 - skipped.total, 16])
  const withoutTime = (state: object) => ({ ...state, spent: null })
  assert.deepEqual(withoutTime(a.state), withoutTime(b.state))
  for (const [name, tensor] of a.tensors) assert.deepEqual(b.tensors.get(name), tensor, name)
  const told = (run: Both) =>
    run.metrics.map((row) => [row['train.loss'], row.skippedUpdates, row['train.gradientNorm']])
  assert.deepEqual(told(a), told(b))
  assert.ok(told(a).every(([loss, , norm]) => (loss === null) === (norm === null)))
  assert.equal(a.evaluations.at(-1)!.skippedUpdates, skipped.total)
})

type Both = ReturnType<typeof loadCheckpoint> & ReturnType<typeof loadRun>

test('the memory of a run that is going to diverge is estimated like that of any other', () => {
  const estimate = (lr: number) => estimateMemory(runWork(parseConfig({ ...exploding, lr, trainSteps: 30 }), data))
  const [wild, tame] = [estimate(parseConfig(exploding).lr), estimate(1e-3)]
  assert.deepEqual([wild.peakBytes, wild.microBatch], [tame.peakBytes, tame.microBatch])
  assert.ok(wild.peakBytes > 0)
})

test('on the command line a run that diverges ends with exit code 1 and says in which step', async () => {
  const out = path.join(resultsDir, 'command')
  const words = Object.entries(exploding).map(([key, value]) => `${key}=${value}`)
  const { code, stderr } = await recurlab([
    'train',
    'sudoku-pocket',
    ...words,
    'trainPuzzles=40',
    'testPuzzles=20',
    `out=${out}`,
  ])
  assert.equal(code, 1, stderr)
  assert.match(stderr, /^recurlab: run \S+, step \d+ of 30, lr 10: expected finite/m)
  const status = JSON.parse(readFileSync(path.join(theOnlyRun(out).dir, 'status.json'), 'utf8')) as { state: string }
  assert.equal(status.state, 'failed')
})
