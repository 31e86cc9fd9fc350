import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { disposeModel, initialModel, modelFromTensors, modelTensors } from '../../lib/model/model.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { initialTensors } from '../../lib/model/weights.js'
import { restoreSnapshot, type Snapshot, takeSnapshot } from '../../lib/train/snapshot.js'
import { disposeState, initialState, type TrainingState, trainStep } from '../../lib/train/step.js'
import { randomBatch, stepOptions, tinyShape } from '../model/tiny.js'

before(async () => {
  await startBackend()
})

const VARIANTS: Readonly<Record<string, Partial<ModelShape>>> = {
  'the TRM': {},
  HRM: { model: 'hrm', networks: 'separate', gradient: 'one-step', halting: 'continue', layersH: 2 },
  'direct prediction': { model: 'direct', latents: 'single', halting: 'compare', T: 1, n: 0 },
  'single z': { latents: 'single' },
  'multi-scale z': { latents: 'multi' },
  'no halting loss': { halting: 'none' },
  'frozen weights': { freeze: true },
}
const options = { ...stepOptions, haltExploration: 0.5 }
const sampler = { epoch: 3, index: 4 }
const spent = { seconds: 12, cpuSeconds: 20.5, joules: null }

function free(state: TrainingState): void {
  disposeState(state)
  disposeModel(state.model)
}

/** As it would be read from a file: nothing is shared with the running state. */
function stored({ tensors, state }: Snapshot): Snapshot {
  const copies = [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }] as const)
  return { tensors: new Map(copies), state: structuredClone(state) }
}

for (const [name, change] of Object.entries(VARIANTS))
  test(`${name} goes on from a snapshot bit for bit`, () => {
    const shape = tinyShape(change)
    const outside = tf.memory().numTensors
    const state = initialState(initialModel(shape, 1), 4, 0.9, 1)
    for (let step = 0; step < 2; step++) trainStep(state, randomBatch(shape, 4, step), options)
    const { tensors, state: rest } = stored(takeSnapshot(state, sampler, spent))
    const restored = restoreSnapshot(shape, tensors, JSON.parse(JSON.stringify(rest)))
    assert.deepEqual([restored.sampler, restored.spent], [sampler, spent])
    for (let step = 2; step < 5; step++) {
      const batch = randomBatch(shape, 4, step)
      assert.deepEqual(trainStep(restored.state, batch, options), trainStep(state, batch, options))
    }
    assert.deepEqual(takeSnapshot(restored.state, sampler, spent), takeSnapshot(state, sampler, spent))
    free(state)
    free(restored.state)
    assert.equal(tf.memory().numTensors, outside, 'no tensor is leaked')
  })

test('versions of fresh augmentations, which have 31 bits, come back as they were', () => {
  const shape = tinyShape()
  const state = initialState(initialModel(shape, 1), 4, 0, 1)
  const versions = Int32Array.of(0, 65_537, 16_777_217, 2 ** 31 - 2)
  trainStep(state, { ...randomBatch(shape, 4, 0), versions }, options)
  const { tensors, state: rest } = stored(takeSnapshot(state, sampler, spent))
  const restored = restoreSnapshot(shape, tensors, rest)
  assert.deepEqual(restored.state.carry.batch.versions, versions)
  free(state)
  free(restored.state)
})

test('the puzzle embedding is one array from the fresh tensors to the snapshot, never a copy', () => {
  const shape = tinyShape()
  const tensors = initialTensors(shape, 0)
  const table = tensors.get('puzzle_emb.weights')!.data
  const state = initialState(modelFromTensors(shape, tensors), 2, 0, 0)
  trainStep(state, randomBatch(shape, 2, 0), options)
  assert.equal(state.model.puzzleTable, table)
  assert.equal(modelTensors(state.model).get('puzzle_emb.weights')!.data, table)
  const snapshot = takeSnapshot(state, sampler, spent)
  assert.equal(snapshot.tensors.get('puzzle_emb.weights')!.data, table)
  const restored = restoreSnapshot(shape, snapshot.tensors, snapshot.state)
  assert.equal(restored.state.model.puzzleTable, table)
  free(state)
  free(restored.state)
})

test('of 876,000 rows of the puzzle embedding a step moves its batch’s and no other', () => {
  const shape = tinyShape({ puzzleIdentifiers: 876_000 })
  const state = initialState(initialModel(shape, 0), 3, 0, 0)
  const batch = { ...randomBatch(shape, 3, 0), puzzleIds: Int32Array.of(875_999, 5, 875_999) }
  trainStep(state, batch, stepOptions)
  const moved = new Set<number>()
  state.model.puzzleTable.forEach((value, i) => {
    if (value !== 0) moved.add(Math.floor(i / shape.puzzleDim))
  })
  assert.deepEqual([...moved], [5, 875_999])
  free(state)
})
