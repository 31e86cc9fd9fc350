import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryMeasurement } from '../bench/memory.js'
import { recurlab } from './recurlab.js'

test('training holds as many tensors and bytes at step 12 as at step 10, with micro-batches of unequal size', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'memory', 'trainSteps=12', 'microBatch=24', '--json'])
  assert.equal(code, 0, stderr)
  const [tenth, last, ...more] = JSON.parse(stdout) as MemoryMeasurement[]
  assert.deepEqual(more, [])
  assert.deepEqual([tenth?.step, last?.step], [10, 12])
  assert.ok(tenth!.tensors > 0 && tenth!.residentBytes > tenth!.tensorBytes)
  assert.equal(last!.tensors, tenth!.tensors)
  assert.equal(last!.tensorBytes, tenth!.tensorBytes)
})

test('bench memory names a wrong key and a wrong number', async () => {
  const key = await recurlab(['bench', 'memory', 'trainStep=5'])
  assert.equal(key.code, 2)
  assert.match(key.stderr, /key trainStep.*Did you mean trainSteps\?/s)
  const number = await recurlab(['bench', 'memory', 'trainSteps=0'])
  assert.equal(number.code, 2)
  assert.match(number.stderr, /trainSteps=N, a whole number of 1 or more/)
})
