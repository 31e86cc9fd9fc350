import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { Coverage } from '../../lib/experiment/sweep/coverage.js'
import { listPlans, readPlan } from '../../lib/experiment/sweep/plan.js'
import { retryRuns } from '../../lib/experiment/sweep/retry.js'
import { type SweepRuns, sweep } from '../../lib/experiment/sweep/sweep.js'
import type { Dataset } from '../../lib/index.js'
import { listRuns } from '../../lib/results/run.js'
import { type Trial, trials } from '../trials.js'
import {
  assertClosed,
  assertTidy,
  assertTold,
  endOwners,
  type FaultCase,
  faultCases,
  inCase,
  operationsOf,
  scratch,
  thrownDuring,
} from './faults.js'
import { type Ended, ended, pocket, pocketData } from './pocket.js'

const config: ConfigInput = { ...pocket, trainSteps: 2 }
const SEEDS = [0, 1]
const folder = scratch('sweep-faults')
let data: Dataset
before(async () => {
  await startBackend()
  data = await pocketData()
})

const work = (resultsDir: string): Promise<SweepRuns> =>
  sweep(config, { seed: SEEDS }, data, { resultsDir, workers: 1, observer: {}, estimate: false })

/** The finished runs of a sweep by seed. */
function endedRuns(resultsDir: string): Ended[] {
  const [name, ...others] = listPlans(resultsDir)
  assert.deepEqual(others, [], 'one plan')
  return readPlan(name!, resultsDir).runs.map(({ run }) => ended(run, resultsDir))
}

let whole: readonly Ended[] = []
const cases = async (): Promise<FaultCase[]> => {
  const resultsDir = path.join(folder, 'whole')
  await work(resultsDir)
  whole = endedRuns(resultsDir)
  return faultCases(await operationsOf(() => work(path.join(folder, 'counted'))))
}

/** Fails unless the plan says of every run what is so. */
function assertCovered(coverage: Coverage, fault: FaultCase): void {
  for (const [index, { run, state, message }] of coverage.runs.entries()) {
    assert.notEqual(state, 'running')
    if (state === 'done') assert.deepEqual(ended(run, coverage.plan.resultsDir), whole[index])
    if (state === 'failed' && message !== null && fault.fault !== 'crash')
      assert.match(message, /expected .*, found .* \(E[A-Z]+\)\. [A-Z]/)
  }
}

const attempt = inCase<Trial>(async (fault, { index }) => {
  const resultsDir = path.join(folder, `trial-${index}`)
  const { numTensors } = tf.memory()
  try {
    const error = await thrownDuring(fault, () => work(resultsDir))
    if (error !== null) assertTold(error, fault, resultsDir)
    assertClosed(resultsDir)
    if (fault.fault === 'crash') endOwners(resultsDir)
    const [name] = listPlans(resultsDir)
    if (name !== undefined) {
      const plan = readPlan(name, resultsDir)
      assertCovered(new Coverage(plan), fault)
      retryRuns(plan)
    }
    const runs = await work(resultsDir)
    assert.ok(runs.coverage.isComplete, runs.coverage.text())
    assert.deepEqual(endedRuns(resultsDir), whole)
    const stored = listRuns(resultsDir)
    assert.deepEqual([stored.runs.length, stored.damaged], [SEEDS.length, []])
    assertTidy(resultsDir)
    assertClosed(resultsDir)
    assert.equal(tf.memory().numTensors, numTensors, 'tensors are leaked')
  } finally {
    rmSync(resultsDir, { recursive: true, force: true })
  }
})

test(
  ...trials(
    'whatever happens to a file operation of a sweep, the plan says how far its runs are, and the same call ends them as undisturbed ones',
    { cases, sample: 40 },
    attempt,
  ),
)
