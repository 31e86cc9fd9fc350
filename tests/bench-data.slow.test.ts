import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DataMeasurement } from '../bench/data.js'
import { recurlab } from './recurlab.js'

test('bench data measures what is asked for, each in a process of its own', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'data', 'sudoku', 'maze', 'rows=1000', 'mazes=3', '--json'])
  assert.equal(code, 0, stderr)
  const rows = JSON.parse(stdout) as DataMeasurement[]
  assert.deepEqual(
    rows.map(({ data, work }) => [data, work]),
    [
      ['sudoku', '1000 CSV rows'],
      ['maze', '3 mazes'],
    ],
  )
  for (const { firstBatchSeconds, buildRate, examplesPerSecond, peakBytes } of rows)
    for (const number of [firstBatchSeconds, buildRate, examplesPerSecond, peakBytes]) assert.ok(number > 0)
})

test('a measurement that cannot be made is one error, without a stack trace', async () => {
  const { code, stderr } = await recurlab(['bench', 'data', 'arc-1', 'arc=/nowhere/arc'])
  assert.equal(code, 1)
  assert.match(stderr, /bench data arc-1: .*\/nowhere\/arc: expected a folder of ARC tasks/)
  assert.doesNotMatch(stderr, /\n {4}at |internal error/)
})
