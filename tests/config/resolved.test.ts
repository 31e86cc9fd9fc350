import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ablationConfig, ablations } from '../../lib/ablations/index.js'
import { effectiveConfig } from '../../lib/config/effective.js'
import { keyGroups } from '../../lib/config/key-groups.js'
import { parseConfig } from '../../lib/config/parse.js'
import { askedConfig, flattenGroups, resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput, ConfigKey } from '../../lib/config/schema.js'
import { trm } from '../../lib/recursion/trm.js'
import { preset, presets } from '../../lib/tasks/presets.js'

const of = (input: ConfigInput) => resolveConfig(parseConfig(input))

/** Configurations of every kind: presets, rows of the paper's tables, and lengths, tables and halting of each sort. */
const inputs: ConfigInput[] = [
  ...Object.keys(presets).map((name) => preset(name)),
  ...ablations.map((row) => ablationConfig(row, { over: preset('sudoku-pocket') })),
  {},
  { puzzleDim: 0 },
  { model: 'direct', halting: 'none' },
  { epochs: 3, evalVersions: 2, data: 'data/x' },
  { recursion: trm(2, 1) },
]

test('a resolved configuration has no null, and every key in the group that explain has it in', () => {
  for (const input of inputs)
    for (const [group, keys] of Object.entries(of(input)))
      for (const [key, value] of Object.entries(keys)) {
        assert.ok(value !== null && value !== undefined, `${group}.${key}`)
        assert.equal(keyGroups[key as ConfigKey], group, key)
      }
})

test('a resolved configuration, stored and read again, is the flat one and resolves to itself', () => {
  for (const input of inputs) {
    const resolved = of(input)
    const stored = JSON.parse(JSON.stringify(resolved)) as typeof resolved
    assert.deepEqual(parseConfig(flattenGroups(stored)), effectiveConfig(parseConfig(input)))
    assert.deepEqual(resolveConfig(parseConfig(flattenGroups(stored))), resolved)
  }
})

test('values that follow from others are there, and keys that do not apply are not', () => {
  const { model, training, evaluation } = of({ K: 5, lr: 0.5, weightDecay: 0.25 })
  assert.deepEqual(
    [evaluation.evalSupervisionSteps, training.puzzleLr, training.puzzleWeightDecay, training.haltExploration],
    [5, 0.5, 0.25, 0.1],
  )
  assert.deepEqual([model.positions, model.puzzleTokens, model.puzzleDim, 'T' in model && model.T], ['none', 1, 64, 3])
  assert.ok(!('layersH' in model) && model.model === 'trm' && model.networks === 'shared')
  const direct = of({ model: 'direct', puzzleDim: 0, halting: 'none' })
  for (const key of ['n', 'latents', 'networks', 'gradient', 'layersH']) assert.ok(!(key in direct.model), key)
  assert.ok(!('puzzleLr' in direct.training))
  assert.equal(direct.training.haltExploration, 0)
  const hrm = of({ model: 'hrm', layers: 3, epochs: 2 })
  assert.ok(hrm.model.model === 'hrm' && hrm.model.layersH === 3 && !('networks' in hrm.model))
  assert.deepEqual([hrm.training.epochs, 'trainSteps' in hrm.training], [2, false])
})

test('what was asked for are the keys that were given, with their checked values', () => {
  assert.deepEqual(askedConfig({ T: 2, n: null, seed: 0, box: undefined }), { T: 2, n: null, seed: 0 })
  assert.throws(() => askedConfig({ T: 0 }), /key T/)
})
