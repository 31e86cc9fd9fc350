import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { Config } from '../../lib/config/schema.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { datasetOf, withDataKeys } from '../../lib/experiment/data/dataset.js'
import { newSampler, stepOptions, totalSteps } from '../../lib/experiment/run/resolve.js'
import { configuredShape } from '../../lib/model/configured.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { hostTensor } from '../../lib/model/weights.js'
import { arc } from '../../lib/tasks/arc/index.js'
import { maze } from '../../lib/tasks/maze/index.js'
import { presets } from '../../lib/tasks/presets.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { disposeState, initialState, trainStep } from '../../lib/train/step.js'

before(async () => {
  await startBackend()
})

/** Rows that stand in for a published data set: of its size and vocabulary, with few puzzles and identifiers. */
const few = new Map<string, Promise<Dataset>>([
  ['sudoku', sudoku({ box: '3x3', train: 8, test: 1 })],
  ['maze', maze({ size: 30, train: 8, test: 0, minPath: 40 })],
  ['arc', arc({ set: 'generated', board: 30, train: 6, test: 1, augment: 3 })],
])

/** Cells of a board above which one row is enough work for a test. */
const LARGE = 400

/**
 * Presets of large boards that are trained at full width. The others of their tasks differ from them as the presets of
 * Sudoku differ from sudoku-paper, which are all trained at full width.
 */
const WIDE = ['maze-paper', 'arc-1-paper']
const NARROW = { hidden: 128, puzzleDim: 128 } as const

/** The preset as it is, or, where its data are not there and its batch is a GPU's, with one or two rows of few puzzles. */
async function scaled(name: string, preset: Config): Promise<{ config: Config; data: Dataset }> {
  if (preset.data === null) {
    const config = parseConfig({ ...preset, trainPuzzles: 12, testPuzzles: 1 })
    return { config, data: await datasetOf(config) }
  }
  const data = await few.get(preset.task)!
  const large = data.manifest.seqLen > LARGE
  return { config: { ...preset, ...(large && !WIDE.includes(name) ? NARROW : {}), batch: large ? 1 : 2 }, data }
}

/** Presets of different published data are one configuration on the puzzles that stand in for them. */
const distinct = new Map<string, { names: string[]; preset: Config }>()
for (const [name, { config: input }] of Object.entries(presets)) {
  const preset = parseConfig(input)
  const key = JSON.stringify({ ...preset, data: preset.data !== null })
  const known = distinct.get(key)
  if (known) known.names.push(name)
  else distinct.set(key, { names: [name], preset })
}

for (const { names, preset } of distinct.values())
  test(`two steps of ${names.join(' and of ')} give finite losses and move every weight`, async () => {
    // A turn of the event loop, in which the outcome of the test before is reported.
    await new Promise((resolve) => setImmediate(resolve))
    const { config, data } = await scaled(names[0]!, preset)
    const { numTensors } = tf.memory()
    const shape = configuredShape(resolveConfig(withDataKeys({ ...config, data: null }, data.manifest)), data.manifest)
    const model = initialModel(shape, config.seed)
    const before = hostTensor(Object.values(model.weights)[0]!).data
    const state = initialState(model, config.batch, config.ema, config.seed)
    const sampler = newSampler(resolveConfig({ ...config, epochs: null, trainSteps: 2 }), data)
    const options = stepOptions(resolveConfig(config), totalSteps(resolveConfig(config), data))
    for (let step = 0; step < 2; step++) {
      const report = trainStep(state, sampler.next(), options)
      assert.ok(Number.isFinite(report.loss) && report.loss > 0, `loss ${report.loss}`)
    }
    const after = hostTensor(Object.values(state.model.weights)[0]!).data
    assert.ok(after.some((value, i) => value !== before[i]))
    assert.ok(after.every(Number.isFinite))
    disposeState(state)
    disposeModel(state.model)
    assert.equal(tf.memory().numTensors, numTensors)
  })
