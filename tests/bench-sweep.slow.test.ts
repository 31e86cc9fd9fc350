import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlanMeasurement } from '../bench/plan.js'
import type { SweepMeasurement } from '../bench/sweep.js'
import { recurlab } from './recurlab.js'

test('bench plan simulates nodes that die and runs that fail: at the end every run is done, once', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'plan', 'runs=100', 'nodes=10', '--json'])
  assert.equal(code, 0, stderr)
  const measured = JSON.parse(stdout) as PlanMeasurement
  assert.deepEqual([measured.runs, measured.done, measured.doubled], [100, 100, 0])
  assert.equal(measured.claims, 100 + measured.deaths + measured.failures)
  assert.ok(measured.deaths > 0 && measured.hours > 0)
})

test('bench sweep measures the pool and the loop, and their numbers are equal', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'sweep', 'trainSteps=2', 'torch=false', '--json'])
  assert.equal(code, 0, stderr)
  const { poolSeconds, loopSeconds, ratio, equal, torch } = JSON.parse(stdout) as SweepMeasurement
  assert.ok(equal)
  assert.equal(torch, null)
  assert.equal(ratio, poolSeconds[0]! / loopSeconds[0]!)
})
