import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig } from '../../lib/config/resolved.js'
import { flopsOf } from '../../lib/evaluate/mac-units.js'
import { type ConfigInput, parseConfig, preset } from '../../lib/index.js'
import { configuredShape } from '../../lib/model/configured.js'
import { callMacs, evaluationCompute, stepCalls, stepMacs, trainingCompute } from '../../lib/model/macs.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { tinyShape } from './tiny.js'

/** The shape of a preset on the published data. */
function shapeOf(name: string, sizes: Pick<ModelShape, 'seqLen' | 'vocabSize'>, change: ConfigInput = {}) {
  const config = resolveConfig(parseConfig(preset(name, change)))
  return configuredShape(config, { puzzleIdentifiers: 1, ...sizes })
}

const SUDOKU = { seqLen: 81, vocabSize: 11 }
const MAZE = { seqLen: 900, vocabSize: 6 }
const mlp = shapeOf('sudoku-paper', SUDOKU, { mixer: 'mlp' })
const attention = shapeOf('sudoku-paper', SUDOKU, { mixer: 'attention' })
const maze = shapeOf('maze-paper', MAZE)
const eqr = { ...mlp, puzzleTokens: 0, puzzleDim: 0 }

/** A number with as many digits as printed. */
function printed(macs: number, like: string): string {
  const [, digits, unit] = /^([\d.]+) (\w+)$/.exec(like)!
  const power = { MMAC: 1e6, GMAC: 1e9, TMAC: 1e12 }[unit as 'MMAC']
  return `${(macs / power).toFixed(digits!.split('.')[1]?.length ?? 0)} ${unit}`
}

/** The table in section 8 of "Beyond TRM" (shared/spec/beyond.md), to the digit. */
const TABLE: readonly [name: string, shape: ModelShape, call: string, step: string, sixteen: string][] = [
  ['TRM-MLP on Sudoku', mlp, '610 MMAC', '12.8 GMAC', '0.205 TMAC'],
  ['TRM-Att on Sudoku', attention, '680 MMAC', '14.3 GMAC', '0.229 TMAC'],
  ['TRM-Att on Maze', maze, '7.96 GMAC', '119 GMAC', '1.91 TMAC'],
  ['EqR on Sudoku', eqr, '446 MMAC', '9.4 GMAC', '0.15 TMAC'],
]

for (const [name, shape, call, step, sixteen] of TABLE)
  test(`a network call, a supervision step and 16 of them of ${name} have the MACs of the published table`, () => {
    assert.equal(printed(callMacs(shape).L_level!, call), call)
    const { forward } = stepMacs(shape)
    assert.equal(printed(forward, step), step)
    assert.equal(printed(16 * forward, sixteen), sixteen)
  })

test('rollouts, deeper evaluations and the training of a published run have the MACs of the table', () => {
  const { forward, training } = stepMacs(mlp)
  assert.equal(printed(64 * forward, '0.82 TMAC'), '0.82 TMAC')
  assert.equal(printed(25 * 16 * forward, '5.1 TMAC'), '5.1 TMAC')
  assert.equal(printed(100 * 64 * forward, '82 TMAC'), '82 TMAC')
  assert.equal((flopsOf(100 * 64 * forward) / 1e12).toFixed(0), '164')
  assert.equal(printed(100 * 16 * stepMacs(maze).forward, '191 TMAC'), '191 TMAC')
  assert.equal(printed(128 * 64 * stepMacs(eqr).forward, '77 TMAC'), '77 TMAC')
  assert.equal(printed(training, '21.4 GMAC'), '21.4 GMAC')
  const { trainMacs } = trainingCompute(mlp, 65_104 * 768)
  assert.equal(trainMacs!.toExponential(2), '1.07e+18')
})

test('network calls are counted from the updates: T(n + 1) of a TRM, T·n + T of HRM, one of direct prediction', () => {
  assert.deepEqual(stepCalls(tinyShape({ T: 3, n: 6 })), { forward: 21, training: 21 })
  const hrm = tinyShape({ model: 'hrm', networks: 'separate', gradient: 'one-step', T: 2, n: 2, layersH: 3 })
  assert.deepEqual(stepCalls(hrm), { forward: 2 * 2 + 2, training: 6 })
  assert.deepEqual(stepCalls({ ...hrm, halting: 'continue' }), { forward: 6, training: 12 })
  const direct = tinyShape({ model: 'direct', latents: 'single', halting: 'compare', T: 1, n: 0, layers: 4 })
  assert.deepEqual(stepCalls(direct), { forward: 1, training: 1 })
  assert.deepEqual(stepMacs(direct).recursion, callMacs(direct).H_level)
})

test('a training step costs its gradient twice more, a continue loss a second forward pass', () => {
  const full = tinyShape({ T: 3, n: 6 })
  const call = callMacs(full).L_level!
  const { recursion, heads, forward, training } = stepMacs(full)
  assert.equal(recursion, 21 * call)
  assert.equal(forward, recursion + heads)
  assert.equal(training, (21 + 2 * 7) * call + 3 * heads)
  const oneStep = stepMacs({ ...full, gradient: 'one-step' })
  assert.equal(oneStep.training, (21 + 2 * 2) * call + 3 * heads)
  assert.equal(stepMacs({ ...full, halting: 'continue' }).training, training + forward)
  assert.equal(stepMacs({ ...full, halting: 'continue', K: 1 }).training, training)
})

test('an evaluation computes the heads once per puzzle, or after each step where puzzles may halt', () => {
  const shape = tinyShape({ T: 2, n: 2 })
  const { recursion, heads } = stepMacs(shape)
  assert.deepEqual(evaluationCompute(shape, { supervisionSteps: 30, heads: 10 }), {
    evaluationMacs: 30 * recursion + 10 * heads,
    evaluationSupervisionSteps: 30,
    evaluationNetworkCalls: 30 * 6,
  })
})

test('the MACs of a custom mixer are unknown, not too few; its steps and calls are counted', () => {
  const mixer = { name: 'mine', source: '(x) => x', sha256: '0'.repeat(64) }
  const shape = tinyShape({ mixer })
  assert.deepEqual(trainingCompute(shape, 8), { trainMacs: null, trainSupervisionSteps: 8, trainNetworkCalls: 8 * 6 })
  assert.equal(evaluationCompute(shape, { supervisionSteps: 3, heads: 1 }).evaluationMacs, null)
})
