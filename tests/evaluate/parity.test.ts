import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { compareWithReference } from '../../bench/parity/compare.js'
import { compareEntries, ENTRIES_FILE } from '../../bench/parity/entries.js'
import { referenceSources } from '../../bench/parity/folder.js'
import { compareNumerics, NUMERIC_ENTRIES } from '../../bench/parity/numerics.js'
import { type Reference, readReference } from '../../bench/parity/reference.js'
import { relativeError } from '../../bench/parity/table.js'
import { referenceForms } from '../../bench/parity/variant.js'
import { startBackend } from '../../lib/backend/index.js'
import { root, sharedPath } from '../shared.js'

const own = path.join(root, 'tests/fixtures/golden')
const golden = sharedPath('golden')
const skip = golden === null && 'the shared reference numbers are not beside the checkout'
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
const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-parity-'))

before(async () => {
  await startBackend()
})

after(() => rmSync(folder, { recursive: true }))

function assertParity(reference: Reference): void {
  const before = tf.memory().numTensors
  const rows = compareWithReference(reference)
  const forms = referenceForms(reference).map(({ name }) => name)
  assert.deepEqual(
    rows.map((row) => `${row.variant}: ${row.quantity}`).sort(),
    forms.flatMap((form) => QUANTITIES.map((quantity) => `${form}: ${quantity}`)).sort(),
  )
  for (const row of rows) assert.ok(row.error <= 1e-4, `${row.quantity}: ${row.error} at ${row.worst}`)
  assert.equal(tf.memory().numTensors, before, 'no tensor is leaked')
}

for (const name of ['trm-att', 'trm-mlp-softmax-adamw'])
  test(`${name} agrees with the reference numbers within 1e-4`, () => assertParity(readReference(own, name)))

for (const name of [
  'trm-mlp',
  'trm-att-learned-pos',
  'trm-att-no-puzzle-emb',
  'trm-single-z',
  'trm-multi-z',
  'hrm',
  'direct-prediction',
])
  test(`${name} agrees with the reference numbers within 1e-4`, { skip }, () =>
    assertParity(readReference(golden!, name)),
  )

test('HRM’s numbers are also those of the TRM with separate networks, 1-step gradient and continue loss', {
  skip,
}, () => {
  const forms = referenceForms(readReference(golden!, 'hrm'))
  assert.deepEqual(
    forms.map(({ name, shape }) => [name, shape.model, shape.networks, shape.gradient, shape.halting]),
    [
      ['hrm', 'hrm', 'separate', 'one-step', 'continue'],
      ['hrm as trm', 'trm', 'separate', 'one-step', 'continue'],
    ],
  )
})

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

test('the reference’s own numbers are left as they are, the puzzle embedding too', () => {
  const reference = readReference(own, 'trm-att')
  const table = (reference.tensors.get('init/puzzle_emb.weights')!.data as Float32Array).slice()
  compareWithReference(reference)
  assert.deepEqual(reference.tensors.get('init/puzzle_emb.weights')!.data, table)
})

test('a stored tensor that the variant does not have is named', () => {
  const reference = readReference(own, 'trm-att')
  reference.tensors.set('step2/out/surprise', reference.tensors.get('step2/out/logits')!)
  assert.throws(() => compareWithReference(reference), /trm-att\.safetensors: .*found step2\/out\/surprise/)
})

test('a continue loss that the reference does not have is an infinite error, not passed over', () => {
  const reference = readReference(own, 'trm-att')
  const about = { ...reference.about, config: { ...reference.about.config, no_ACT_continue: false } }
  reference.tensors.set('step1/out/target_q_continue', reference.tensors.get('step1/out/q_halt_logits')!)
  reference.tensors.set('step2/out/target_q_continue', reference.tensors.get('step1/out/q_halt_logits')!)
  reference.tensors.set('step3/out/target_q_continue', reference.tensors.get('step1/out/q_halt_logits')!)
  const row = compareWithReference({ ...reference, about }).find(({ quantity }) => quantity === 'losses')!
  assert.equal(row.error, Number.POSITIVE_INFINITY)
})

test('sizes that the configuration lacks are named', () => {
  const reference = readReference(own, 'trm-att')
  const { L_layers: _, ...config } = reference.about.config
  assert.throws(
    () => referenceForms({ ...reference, about: { ...reference.about, config } }),
    /trm-att\.json, key config\.L_layers: expected a whole number of 1 or more, found nothing/,
  )
  reference.tensors.delete('init/L_init')
  assert.throws(
    () => referenceForms(reference),
    /expected L1_init to L\d_init, one for each of L_cycles=\d, found 0 of/,
  )
  reference.tensors.clear()
  assert.throws(() => referenceForms(reference), /expected weights of L_level or H_level under init\/, found neither/)
})

test('a relative error is infinite for NaN and for another count of numbers', () => {
  assert.equal(relativeError([Number.NaN], [1]), Number.POSITIVE_INFINITY)
  assert.equal(relativeError([1, 2], [1]), Number.POSITIVE_INFINITY)
  assert.equal(relativeError([1.5, 2], [1, 2]), 0.25)
})

test('a folder’s variants, checkpoints and entries are all found', () => {
  const mixed = path.join(folder, 'mixed')
  mkdirSync(path.join(mixed, 'official-checkpoint-x'), { recursive: true })
  for (const file of ['b.json', 'b.safetensors', 'alone.json', 'other.safetensors', ENTRIES_FILE])
    writeFileSync(path.join(mixed, file), '{}')
  assert.deepEqual(
    referenceSources(mixed).map(({ name }) => name),
    ['b', 'data-and-numerics', 'official-checkpoint-x'],
  )
})

test('a folder without reference numbers is refused', () => {
  assert.throws(() => referenceSources(path.join(root, 'lib')), /expected pairs NAME\.json and NAME\.safetensors/)
  assert.throws(() => referenceSources(path.join(folder, 'nowhere')), /expected a folder of reference numbers/)
})

const numerics = JSON.parse(readFileSync(path.join(own, 'numerics.json'), 'utf8')) as Record<string, unknown>

test('stablemax, RoPE, optimisers and schedules agree with the published code, and no tensor is leaked', () => {
  const before = tf.memory().numTensors
  const rows = compareNumerics(numerics, 'numerics.json')
  assert.deepEqual(rows.map(({ quantity }) => quantity).sort(), [...NUMERIC_ENTRIES].sort())
  for (const row of rows) assert.ok(row.error <= 1e-4, `${row.quantity}: ${row.error} at ${row.worst}`)
  assert.equal(tf.memory().numTensors, before)
})

/** Entries with one value changed. */
function changed(...[keys, value]: [keys: (string | number)[], value: unknown]): Record<string, unknown> {
  const copy = structuredClone(numerics)
  let at = copy as Record<string | number, unknown>
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[keys.at(-1)!] = value
  return copy
}

test('a changed number of any entry is an error in its row alone', () => {
  for (const keys of [
    ['stablemax', 'loss', 0, 1],
    ['stablemax', 'grad', 1, 2, 3],
    ['stablemax', 'log_probs', 0, 0, 0],
    ['rope', 'sin', 3, 1],
    ['rope', 'k_rot', 0, 5, 1, 7],
    ['adam_atan2', 'params', 5, 0],
    ['sparse_sign_sgd', 'weights_after', 2, 1],
    ['lr_schedule', 1, 'steps', 3, 1],
  ]) {
    const rows = compareNumerics(changed(keys, 7), 'numerics.json')
    assert.deepEqual(
      rows.filter(({ error }) => !(error <= 1e-4)).map(({ quantity }) => quantity),
      [keys[0]],
    )
  }
})

test('a malformed entry is refused with file, key and place', () => {
  const before = tf.memory().numTensors
  for (const [keys, value, message] of [
    [['stablemax'], 3, /f\.json, stablemax: expected a JSON object, found a number/],
    [
      ['stablemax', 'logits', 1],
      [[1, 2]],
      /f\.json, stablemax\.logits\[1\]: expected a list of \d+, found a list of 1/,
    ],
    [['stablemax', 'labels', 0, 0], 99, /f\.json, stablemax\.labels: expected labels below 5, or -100, found 99/],
    [['stablemax', 'loss'], undefined, /f\.json, stablemax\.loss: expected a list, found nothing/],
    [['rope', 'cos', 2, 3], 'x', /f\.json, rope\.cos\[2\]\[3\]: expected a number, found "x"/],
    [['rope', 'cos'], [[1, 2, 3]], /f\.json, rope\.cos: expected an even head size, found 3/],
    [['adam_atan2', 'params'], [[1]], /f\.json, adam_atan2\.params: expected a list of 6, found a list of 1/],
    [['adam_atan2', 'lr'], null, /f\.json, adam_atan2\.lr: expected a number, found null/],
    [['sparse_sign_sgd', 'ids', 0], 4, /f\.json, sparse_sign_sgd\.ids: expected rows of weights, below 4, found 4/],
    [['lr_schedule', 0, 'steps'], [], /f\.json, lr_schedule\.0\.steps/],
  ] as const)
    assert.throws(() => compareNumerics(changed([...keys], value), 'f.json'), { name: 'UserError', message })
  assert.equal(tf.memory().numTensors, before)
})

test('an entry that nothing is known to compare with is named', () => {
  const file = path.join(folder, ENTRIES_FILE)
  writeFileSync(file, JSON.stringify({ ...numerics, layer_norm: {} }))
  assert.throws(() => compareEntries(file), /data-and-numerics\.json, layer_norm: expected one of stablemax, rope/)
  writeFileSync(file, '[1]')
  assert.throws(() => compareEntries(file), /expected a JSON object, found a list/)
  writeFileSync(file, '{')
  assert.throws(() => compareEntries(file), /data-and-numerics\.json: expected JSON/)
})

test('every entry of the shared reference numbers agrees', { skip }, () => {
  const rows = compareEntries(path.join(golden!, ENTRIES_FILE))
  for (const row of rows) assert.ok(row.error <= 1e-4, `${row.variant}, ${row.quantity}: ${row.error} at ${row.worst}`)
  assert.equal(rows.length, 10)
})
