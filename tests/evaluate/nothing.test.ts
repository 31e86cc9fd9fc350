import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import { evaluate } from '../../lib/evaluate/evaluation.js'
import { metricText, percent } from '../../lib/evaluate/metric-names.js'
import { subsetOf } from '../../lib/experiment/think/subset.js'
import { type Dataset, sudoku } from '../../lib/index.js'
import { configuredShape } from '../../lib/model/configured.js'
import { disposeModel, initialModel, type Model } from '../../lib/model/model.js'
import { formatTable } from '../../lib/results/text.js'
import { percentText } from '../../lib/statistics/rounding.js'

let data: Dataset
let model: Model
before(async () => {
  await startBackend()
  data = await sudoku({ box: '2x2', clues: 6, train: 5, test: 0, seed: 1 })
  model = initialModel(
    configuredShape(resolveConfig(parseConfig({ hidden: 16, heads: 2, T: 1, n: 1 })), data.manifest),
    0,
  )
})

for (const halt of [false, true])
  test(`an evaluation of a split without puzzles is an error, no 0 % (${halt ? 'with' : 'without'} early halting)`, async () => {
    await assert.rejects(evaluate(model, data, { halt }), {
      name: 'UserError',
      exitCode: 2,
      message: /^evaluation, test split: expected at least one puzzle, found none/,
    })
    assert.equal((await evaluate(model, data, { halt, split: 'train' })).puzzles, 5)
  })

test('a subset of no puzzles is an error before anything is computed', () => {
  assert.throws(() => subsetOf(data), /^UserError: the test split: expected at least one puzzle, found none/)
  assert.equal(subsetOf(data, undefined, 'train').puzzles.length, 5)
})

test('the answers of a model that computes NaN are an error, not wrong ones', async () => {
  const weights = { ...model.weights, 'q_head.bias': tf.tensor1d([Number.NaN, 0]) }
  await assert.rejects(evaluate(model.with({ weights }), data, { split: 'train' }), {
    name: 'UserError',
    message: /^evaluation, puzzle train\/0: expected finite numbers from the heads of the model, found NaN/,
  })
  weights['q_head.bias'].dispose()
  disposeModel(model)
})

test('a share reads 0 or 100 % only where it is so', () => {
  const shares = [1, 2047 / 2048, 1 - 1e-6, 0.5, 1 / 4096, 0, -0]
  assert.deepEqual(
    shares.map((share) => percentText(share)),
    ['100.0', '99.95', '99.9999', '50.0', '0.02', '0.0', '0.0'],
  )
  assert.equal(metricText('test.exact', 2047 / 2048), '99.95 %')
  assert.equal(percent(2047 / 2048), 99.95)
  assert.match(formatTable([{ 'exact accuracy (%)': percent(2047 / 2048) }, { 'exact accuracy (%)': 50 }]), /99\.95/)
})
