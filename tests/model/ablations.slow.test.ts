import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { type Ablation, ablationConfig, ablationConfigs, ablationNamed, ablations } from '../../lib/ablations/index.js'
import { startBackend } from '../../lib/backend/index.js'
import { modelKeys } from '../../lib/config/model-keys.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { Config } from '../../lib/config/schema.js'
import { stepOptions } from '../../lib/experiment/run/resolve.js'
import { configuredShape } from '../../lib/model/configured.js'
import { disposeModel, modelFromTensors, modelTensors } from '../../lib/model/model.js'
import { depth, initName, latentNames, type ModelShape } from '../../lib/model/shape.js'
import { countParameters, type HostTensor, initialTensors } from '../../lib/model/weights.js'
import { table1 } from '../../lib/results/reported/table-1.js'
import { table2 } from '../../lib/results/reported/table-2.js'
import { table3 } from '../../lib/results/reported/table-3.js'
import { preset } from '../../lib/tasks/presets.js'
import { disposeState, initialState, trainStep } from '../../lib/train/step.js'
import { randomBatch } from './tiny.js'

before(async () => {
  await startBackend()
})

const BATCH = 1

/** Sudoku-Extreme’s sizes, with a small embedding table. */
const sizes = { puzzleIdentifiers: 3, vocabSize: 11, seqLen: 81 }

const configOf = (row: Ablation): Config => parseConfig(ablationConfig(row))
const shapeOf = (row: Ablation): ModelShape => configuredShape(resolveConfig(configOf(row)), sizes)

test('a table that the paper does not have is refused', () => {
  assert.throws(() => ablationConfigs(9 as unknown as 1), /ablations, table: expected 1, 2 or 3, found 9/)
})

test('every row of Tables 1 to 3 is there, under the name and with the depth that are reported', () => {
  const reported = [...Object.values(table1), ...table2, ...table3]
  assert.deepEqual(
    ablations.map(({ table, method, reported }) => [String(table), method, reported.depth]),
    reported.map(({ table, method, depth }) => [table, method, depth ?? null]),
  )
})

test('depths are T(n + 1)·layers, but for the two of k = 1, which are printed one higher', () => {
  for (const row of ablations)
    if (row.reported.depth !== null)
      assert.equal(depth(shapeOf(row)) + (row.method.includes('k=1,') ? 1 : 0), row.reported.depth, row.method)
})

test('parameters are those of Table 1, and only the continue loss takes a second forward pass', () => {
  for (const [i, { method, parameters, nfp }] of Object.values(table1).entries()) {
    const shape = shapeOf(ablations[i]!)
    assert.equal(`${Math.round(countParameters(shape) / 1e6)}M`, parameters, method)
    assert.equal(shape.halting === 'continue' ? 2 : 1, nfp, method)
  }
})

test('the HRM row is the HRM preset', () => {
  assert.deepEqual(configOf(ablations[0]!), parseConfig(preset('sudoku-hrm-paper')))
})

test('a table’s configurations are the paper’s with the row’s changes and one’s own', () => {
  const configs = ablationConfigs(2, { changes: { hidden: 64, puzzleDim: 64 } })
  assert.deepEqual(Object.keys(configs), ['TRM, y,z', 'TRM, multi-scale z', 'TRM, single z'])
  assert.deepEqual(
    Object.values(configs).map((config) => [config.latents ?? null, config.hidden, config.n, config.epochs]),
    [
      [null, 64, 6, 50_000],
      ['multi', 64, 6, 50_000],
      ['single', 64, 6, 50_000],
    ],
  )
})

const DATA_AND_TRAINING = ['data', 'hidden', 'K', 'batch', 'trainSteps', 'epochs', 'evalEvery', 'lr', 'warmup'] as const

for (const name of ['sudoku-paper', 'sudoku-pocket', 'sudoku-6x6-pocket', 'sudoku-hrm-paper', 'sudoku-lab'])
  test(`every row over ${name} is a configuration with the depth as printed and everything else of the preset`, () => {
    const over = parseConfig(preset(name))
    for (const row of ablations) {
      const config = parseConfig(ablationConfig(row, { over: preset(name) }))
      for (const key of DATA_AND_TRAINING) assert.equal(config[key], over[key], `${row.method}: ${key}`)
      if (row.reported.depth !== null)
        assert.equal(
          depth(configuredShape(resolveConfig(config), sizes)) + (row.method.includes('k=1,') ? 1 : 0),
          row.reported.depth,
        )
    }
  })

test('the rows of a table over one preset differ in nothing but their own changes', () => {
  const { 'TRM (T=3, n=6)': trm, 'TRM, no EMA': noEma, HRM } = ablationConfigs(1, { over: preset('sudoku-pocket') })
  assert.deepEqual(noEma, { ...trm, ema: 0 })
  assert.deepEqual(
    [trm?.T, trm?.n, trm?.layers, trm?.trainSteps, HRM?.trainSteps, HRM?.epochs],
    [3, 6, 2, 200, 200, undefined],
  )
})

test('a row is found by its name in any case, and for an unknown one the nearest is named', () => {
  assert.deepEqual(ablationNamed('trm, no ema').changes, { ema: 0 })
  assert.throws(() => ablationNamed('TRM, no EAM'), /Did you mean 'TRM, no EMA'\?/)
  assert.throws(() => ablationNamed('single z'), /Did you mean 'TRM, single z'\?/)
  assert.throws(() => ablationNamed('HRM, k=2, T=22'), /Did you mean 'HRM, k=2, T=2'\?/)
  assert.throws(() => ablationNamed('transformer'), /recurlab ablations lists them/)
})

/** Fresh weights by the names and sizes of a shape: drawn once for all rows that share them. */
const drawn = new Map<string, ReadonlyMap<string, HostTensor>>()

function freshTensors(shape: ModelShape): ReadonlyMap<string, HostTensor> {
  const { mixer, networks, layers, latents } = shape
  const key = JSON.stringify([mixer, networks, layers, latents])
  const tensors = drawn.get(key) ?? initialTensors(shape, 0)
  drawn.set(key, tensors)
  return new Map([...tensors].map(([name, tensor]) => [name, name === 'puzzle_emb.weights' ? copy(tensor) : tensor]))
}

const copy = ({ shape, data }: HostTensor): HostTensor => ({ shape, data: data.slice() })

/** Two steps of a configuration: finite, changing losses, and every weight but the initial states moves. */
function twoSteps(config: Config): void {
  const outside = tf.memory().numTensors
  const shape = configuredShape(resolveConfig(config), sizes)
  const tensors = freshTensors(shape)
  const table = copy(tensors.get('puzzle_emb.weights')!)
  const model = modelFromTensors(shape, tensors)
  const state = initialState(model, BATCH, config.ema, 0)
  const batch = randomBatch(shape, BATCH, 0)
  const options = stepOptions(resolveConfig(config), 1000)
  const losses = [0, 1].map(() => trainStep(state, batch, options).loss)
  assert.ok(
    losses.every((loss) => Number.isFinite(loss) && loss > 0),
    `losses ${losses}`,
  )
  assert.notEqual(losses[0], losses[1])
  const fixed = latentNames(shape).map(initName)
  for (const [name, { data }] of modelTensors(model)) {
    const before = name === 'puzzle_emb.weights' ? table : tensors.get(name)!
    const moves = name === 'puzzle_emb.weights' || !(fixed.includes(name) || shape.freeze)
    assert.equal(
      data.some((value, i) => value !== before.data[i]),
      moves,
      name,
    )
    assert.ok(data.every(Number.isFinite), name)
  }
  disposeState(state)
  disposeModel(model)
  assert.equal(tf.memory().numTensors, outside, 'no tensor is leaked')
}

/** A narrower model of the same depth; tests/experiment/presets.slow.test.ts trains the TRM and HRM rows at full width. */
const NARROW = { hidden: 128, puzzleDim: 128 } as const

/** Rows of different tables may be one and the same configuration. */
const distinct = new Map<string, { names: string[]; config: Config }>()
for (const row of ablations) {
  const config = parseConfig(ablationConfig(row, { changes: NARROW }))
  const key = JSON.stringify([modelKeys(config), config.layers, config.mixer, config.ema])
  const known = distinct.get(key)
  if (known) known.names.push(`Table ${row.table}: ${row.method}`)
  else distinct.set(key, { names: [`Table ${row.table}: ${row.method}`], config })
}

for (const { names, config } of distinct.values())
  test(`two steps of ${names.join('; ')} give finite losses and move every weight`, () => twoSteps(config))

test('two steps with frozen weights train the puzzle embedding alone', () => {
  twoSteps(parseConfig({ ...preset('sudoku-paper'), ...NARROW, freeze: true }))
})
