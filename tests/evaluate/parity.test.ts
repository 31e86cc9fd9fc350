import assert from 'node:assert/strict'
import path from 'node:path'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { compareWithReference } from '../../lib/evaluate/parity/compare.js'
import { listReferences, readReference } from '../../lib/evaluate/parity/reference.js'
import { relativeError } from '../../lib/evaluate/parity/table.js'
import { root, sharedPath } from '../shared.js'

const own = path.join(root, 'tests/fixtures/golden')
const golden = sharedPath('golden')
const QUANTITIES = [
  'outputs',
  'predictions',
  'gradients',
  'carry',
  'halting',
  'losses',
  'metrics',
  'learning rates',
  'weights after',
  'EMA',
  'evaluation',
]

before(async () => {
  await startBackend()
})

function assertParity(folder: string, name: string): void {
  const before = tf.memory().numTensors
  const rows = compareWithReference(readReference(folder, name))
  assert.deepEqual(rows.map((row) => row.quantity).sort(), [...QUANTITIES].sort())
  for (const row of rows) assert.ok(row.error <= 1e-4, `${row.quantity}: ${row.error} at ${row.worst}`)
  assert.equal(tf.memory().numTensors, before, 'no tensor is leaked')
}

for (const name of ['trm-att', 'trm-mlp-softmax-adamw'])
  test(`${name} agrees with the reference numbers within 1e-4`, () => assertParity(own, name))

for (const name of ['trm-mlp', 'trm-att-learned-pos', 'trm-att-no-puzzle-emb'])
  test(
    `${name} agrees with the reference numbers within 1e-4`,
    { skip: golden === null && 'the shared reference numbers are not beside the checkout' },
    () => assertParity(golden!, name),
  )

test('a changed reference number shows as an error of its own size', () => {
  const reference = readReference(own, 'trm-att')
  const tensor = reference.tensors.get('final/lm_head.weight')!
  const data = tensor.data as Float32Array
  const largest = data.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
  data[3] = data[3]! + 0.01 * largest
  const row = compareWithReference(reference).find((row) => row.quantity === 'weights after')!
  assert.equal(row.worst, 'final/lm_head.weight')
  assert.ok(Math.abs(row.error - 0.01) < 1e-3)
})

test('a relative error is infinite for NaN and for another count of numbers', () => {
  assert.equal(relativeError([Number.NaN], [1]), Number.POSITIVE_INFINITY)
  assert.equal(relativeError([1, 2], [1]), Number.POSITIVE_INFINITY)
  assert.equal(relativeError([1.5, 2], [1, 2]), 0.25)
})

test('a variant that this build does not have is refused by name', {
  skip: golden === null && 'the shared reference numbers are not beside the checkout',
}, () => {
  assert.throws(() => compareWithReference(readReference(golden!, 'hrm')), /variant hrm: .*H_level/)
})

test('a folder without reference numbers is refused', () => {
  assert.throws(() => listReferences(path.join(root, 'lib')), /expected pairs NAME\.json and NAME\.safetensors/)
})
