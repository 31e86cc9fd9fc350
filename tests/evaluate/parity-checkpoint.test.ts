import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { compareCheckpoint } from '../../bench/parity/checkpoint.js'
import { startBackend } from '../../lib/backend/index.js'
import { readSafetensors } from '../../lib/files/safetensors.js'
import { writeSafetensors } from '../files/write-safetensors.js'
import { root, sharedPath } from '../shared.js'

const official = path.join(root, 'tests/fixtures/official')
const golden = sharedPath('golden/official-checkpoint-mlp')
const absent = golden === null && 'the shared reference numbers are not beside the checkout'
const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-parity-'))
after(() => rmSync(folder, { recursive: true, force: true }))

before(async () => {
  await startBackend()
})

/** A copy of the official folder that may be changed. */
function copy(name: string): string {
  const to = path.join(folder, name)
  cpSync(path.join(official, 'official-checkpoint-hrm'), to, { recursive: true })
  return to
}

async function assertParity(checkpoint: string, name: string): Promise<void> {
  const before = tf.memory().numTensors
  const rows = await compareCheckpoint(checkpoint)
  assert.deepEqual(rows.map(({ quantity }) => quantity).sort(), ['outputs', 'predictions'])
  for (const { error, worst } of rows) assert.ok(error <= 1e-4, `${error} at ${worst}`)
  assert.equal(rows[0]?.variant, name)
  assert.equal(tf.memory().numTensors, before, 'no tensor is leaked')
}

for (const variant of ['hrm', 'direct', 'singlez', 'hier6'])
  test(`a checkpoint of the published ${variant}, imported, gives the published outputs within 1e-4`, () =>
    assertParity(path.join(official, `official-checkpoint-${variant}`), `official-checkpoint-${variant}/step_5`))

test('the official checkpoint of the MLP, imported, gives its expected outputs within 1e-4', { skip: absent }, () =>
  assertParity(golden!, 'official-checkpoint-mlp/step_120'),
)

test('a changed expectation and a changed configuration show', async () => {
  const other = copy('changed')
  const file = path.join(other, 'expected.safetensors')
  const { tensors } = readSafetensors(readFileSync(file))
  const halt = tensors.get('out/q_halt_logits')!.data as Float32Array
  halt[0] = halt[0]! * 1.01
  writeFileSync(file, writeSafetensors(tensors))
  assert.ok((await compareCheckpoint(other)).some(({ worst, error }) => worst === 'out/q_halt_logits' && error > 1e-3))
  const config = path.join(other, 'config.json')
  writeFileSync(config, readFileSync(config, 'utf8').replace('"halt_max_steps": 2', '"halt_max_steps": 1'))
  assert.ok((await compareCheckpoint(other)).some(({ worst, error }) => worst === 'out/logits' && error > 1e-3))
})

test('a folder without a checkpoint, and expectations of something else, are refused', async () => {
  await assert.rejects(compareCheckpoint(path.join(folder, 'none')), { name: 'UserError', message: /no such file/ })
  const other = copy('unknown')
  const file = path.join(other, 'expected.safetensors')
  const { tensors } = readSafetensors(readFileSync(file))
  writeFileSync(file, writeSafetensors([...tensors, ['out/entropy', { shape: [1], data: Float32Array.of(1) }]]))
  await assert.rejects(compareCheckpoint(other), { name: 'UserError', message: /tensor out\/entropy: expected one of/ })
  rmSync(path.join(other, 'step_5'))
  await assert.rejects(compareCheckpoint(other), {
    name: 'UserError',
    message: /an official checkpoint step_N, found none/,
  })
})
