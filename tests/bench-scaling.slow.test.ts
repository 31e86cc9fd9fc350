import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScalingMeasurement } from '../bench/scaling.js'
import type { WaitMeasurement } from '../bench/wait.js'
import { recurlab } from './recurlab.js'

test('bench scaling compares the estimate of memory with real steps, and the time that a run’s line tells with the run', async () => {
  const small = ['hidden=16', 'heads=2', 'batch=4', 'T=1', 'n=1', 'trainPuzzles=8']
  const { code, stdout, stderr } = await recurlab(['bench', 'scaling', 'only=microBatch', ...small, '--json'])
  assert.equal(code, 0, stderr)
  const rows = JSON.parse(stdout) as ScalingMeasurement[]
  assert.deepEqual(
    rows.map(({ key, microBatch }) => [key, microBatch]),
    [
      ['microBatch', 32],
      ['microBatch', 16],
    ],
  )
  for (const { knownAfterSeconds, predictedSeconds, seconds, predictedBytes, grownBytes } of rows) {
    assert.ok(knownAfterSeconds > 0 && knownAfterSeconds < seconds, `${knownAfterSeconds} of ${seconds}`)
    // How good it is depends on what else the machine does; the bench's own table tells.
    assert.ok(predictedSeconds > seconds / 5 && predictedSeconds < seconds * 5, `${predictedSeconds} for ${seconds}`)
    assert.ok(predictedBytes > grownBytes / 5 && predictedBytes < grownBytes * 5, `${predictedBytes} for ${grownBytes}`)
  }
})

test('bench wait tells what part of a step goes into its batch', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'wait', 'only=sudoku-pocket', 'trainSteps=2', '--json'])
  assert.equal(code, 0, stderr)
  const [row] = JSON.parse(stdout) as WaitMeasurement[]
  assert.equal(row?.work, 'sudoku-pocket')
  assert.equal(row.ahead, true)
  assert.ok(row.batchSeconds > 0 && row.waitSeconds > 0 && row.longestSeconds >= row.waitSeconds)
  assert.ok(row.stepSeconds > row.batchSeconds)
})

test('bench scaling and bench wait name what they do not know', async () => {
  const scaling = await recurlab(['bench', 'scaling', 'only=depth'])
  assert.equal(scaling.code, 2)
  assert.match(scaling.stderr, /key only.*some of n, T, layers.*depth/s)
  const key = await recurlab(['bench', 'scaling', 'hiden=3'])
  assert.equal(key.code, 2)
  assert.match(key.stderr, /hiden.*hidden/s)
  const wait = await recurlab(['bench', 'wait', 'only=chess'])
  assert.equal(wait.code, 2)
  assert.match(wait.stderr, /key only.*sudoku-pocket.*chess/s)
})
