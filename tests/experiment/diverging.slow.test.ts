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
import { type Dataset, sudoku, train } from '../../lib/index.js'
import { configuredShape } from '../../lib/model/configured.js'
import { initialModel } from '../../lib/model/model.js'
import { createRun, listRuns, loadCheckpoint, openRun, saveCheckpoint } from '../../lib/results/run.js'
import { checkPass, NotFinite } from '../../lib/train/finite.js'
import type { Pass } from '../../lib/train/pass.js'
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
    [true, /, step 2 of 2, lr 0\.001: .* found ema\/q_head\.bias with NaN or infinity/],
    [false, /, step 2 of 2, lr 0\.001: .* found ema\/q_head\.bias with NaN or infinity/],
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

test('a gradient that is not finite is an error of its own, though the loss is finite', () => {
  const losses = { loss: 1, lmLoss: 1, qHaltLoss: 1, qContinueLoss: null }
  const pass = (gradient: number, puzzle: number): Pass =>
    ({
      losses,
      gradients: { a: tf.tensor1d([1e30, 2]), b: tf.tensor1d([gradient, -1]) },
      puzzleGradients: Float32Array.of(puzzle),
    }) as unknown as Pass
  const says = (message: RegExp) => (error: unknown) => error instanceof NotFinite && message.test(error.message)
  tf.tidy(() => {
    checkPass(pass(3, 4))
    assert.throws(() => checkPass(pass(Number.POSITIVE_INFINITY, 4)), says(/^a gradient of b that is not finite$/))
    assert.throws(() => checkPass(pass(3, Number.NaN)), says(/^a gradient of the puzzle embedding/))
    const continued = {
      ...pass(3, 4),
      losses: { ...losses, qContinueLoss: Number.NaN, lmLoss: Number.POSITIVE_INFINITY },
    }
    assert.throws(() => checkPass(continued), says(/^lmLoss Infinity and continueLoss NaN$/))
  })
})

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
