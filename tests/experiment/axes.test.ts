import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AXIS_NAMES, axisOf } from '../../lib/experiment/compare/axes.js'
import { parseConfig, trm } from '../../lib/index.js'

const run = { config: parseConfig({}), parameters: 5_030_402 }
const row = {
  ...{ step: 20, trainMacs: 3e12, trainSeconds: 10, trainCpuSeconds: 19, trainJoules: 500 },
  ...{ supervisionSteps: 16, puzzles: 10, evaluationMacs: 2e12 },
}

test('every axis has its value for a row of a run, in the unit of its title', () => {
  const values = Object.fromEntries(AXIS_NAMES.map((x) => [x, axisOf(x).of(run, row)]))
  const depth = (run.config.T ?? 3) * ((run.config.n ?? 6) + 1) * run.config.layers
  assert.deepEqual(values, {
    ...{ step: 20, macs: 3e12, flops: 6e12, seconds: 10, cpuSeconds: 19, joules: 500 },
    ...{ parameters: 5_030_402, depth, supervisionSteps: 16, evaluationMacs: 2e11 },
  })
})

test('what a row does not have, or is NaN, is unknown', () => {
  for (const x of ['step', 'macs', 'flops', 'seconds', 'cpuSeconds', 'joules', 'supervisionSteps'] as const)
    for (const cell of [null, undefined, Number.NaN, 'text']) {
      const without = Object.fromEntries(Object.keys(row).map((name) => [name, cell]))
      assert.equal(axisOf(x).of(run, without), null, x)
    }
  assert.equal(axisOf('evaluationMacs').of(run, { evaluationMacs: 1, puzzles: 0 }), null)
  assert.equal(axisOf('parameters').of({ ...run, parameters: null }, row), null)
})

test('depth is that of the published tables: 42 for a TRM of two layers, of HRM 24, and of any recursion', () => {
  const depth = (config: Parameters<typeof parseConfig>[0]) =>
    axisOf('depth').of({ config: parseConfig(config), parameters: null }, row)
  assert.equal(depth({ T: 3, n: 6, layers: 2 }), 42)
  assert.equal(depth({ recursion: trm(3, 6), layers: 2 }), 42)
  assert.equal(depth({ model: 'hrm', mixer: 'attention', T: 2, n: 2, layers: 4, layersH: 4 }), 24)
  assert.equal(depth({ model: 'direct', layers: 8 }), 8)
})
