import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveMeasurement } from '../bench/live.js'
import { recurlab } from './recurlab.js'

test('bench live measures what watching costs a training step', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'live', 'trainSteps=3', 'rounds=1', '--json'])
  assert.equal(code, 0, stderr)
  const [row] = JSON.parse(stdout) as [LiveMeasurement]
  assert.ok(row.silentStepMs > 0 && row.watchedStepMs > 0)
  assert.ok(row.share > 0 && row.share < 1)
})
