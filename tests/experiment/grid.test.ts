import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differingKeys } from '../../lib/config/effective.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { stepOptions, totalSteps } from '../../lib/experiment/run/resolve.js'
import { expandGrid } from '../../lib/experiment/sweep/grid.js'
import { configuredShape } from '../../lib/model/configured.js'
import { ConfigComparison } from '../../lib/results/config-comparison.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'

const data = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 10 })
const { manifest } = data

test('a grid is every combination, the last key changing fastest; several grids follow each other', () => {
  const seeds = expandGrid({ lr: 1 }, { mixer: ['mlp', 'attention'], seed: [0, 1] }).map(
    ({ input }) => `${input.mixer}${input.seed}${input.lr}`,
  )
  assert.deepEqual(seeds, ['mlp01', 'mlp11', 'attention01', 'attention11'])
  const pairs = expandGrid({}, [
    { layers: [1], n: [13] },
    { layers: [2], n: [6] },
  ]).map(({ input }) => input)
  assert.deepEqual(pairs, [
    { layers: 1, n: 13 },
    { layers: 2, n: 6 },
  ])
})

test('runs are labelled by what was chosen differently, not by what follows from it', () => {
  const configs = [parseConfig({ mixer: 'mlp', seed: 0 }), parseConfig({ mixer: 'attention', seed: 1 })]
  assert.deepEqual(differingKeys(configs), ['mixer'])
  const labels = (...inputs: ConfigInput[]): string[] => {
    const compared = inputs.map((input) => ({ config: parseConfig(input) }))
    return compared.map((one) => new ConfigComparison(compared).label(one))
  }
  assert.deepEqual(labels({ mixer: 'mlp', seed: 0 }, { mixer: 'attention', seed: 1 }), ['mlp', 'attention'])
  assert.deepEqual(labels({ layers: 1, n: 13 }, { layers: 2, n: 6 }), ['layers 1, n 13', 'layers 2, n 6'])
  assert.deepEqual(labels({ seed: 0 }, { seed: 1 }), ['trm', 'trm'])
})

test('keys left open follow the keys they depend on', () => {
  const shapeOf = (input: ConfigInput) => configuredShape(resolveConfig(parseConfig(input)), manifest)
  assert.equal(shapeOf({ mixer: 'attention' }).positions, 'rope')
  assert.equal(shapeOf({ mixer: 'mlp' }).positions, 'none')
  assert.equal(shapeOf({ hidden: 32 }).puzzleDim, 32)
  assert.equal(shapeOf({ puzzleTokens: 0, puzzleDim: 100 }).puzzleTokens, 2)
  const options = stepOptions(resolveConfig(parseConfig({ lr: 0.5, weightDecay: 0.3 })), 10)
  assert.deepEqual([options.puzzleSchedule.lr, options.puzzleWeightDecay], [0.5, 0.3])
})

test('epochs become int(epochs · puzzles / batch) steps', () => {
  assert.equal(totalSteps(resolveConfig(parseConfig({ epochs: 10, batch: 64 })), data), 31)
  assert.equal(totalSteps(resolveConfig(parseConfig({ trainSteps: 7 })), data), 7)
})
