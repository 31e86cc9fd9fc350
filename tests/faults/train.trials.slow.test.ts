import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import { type Dataset, evaluateRun, resume, train } from '../../lib/index.js'
import { listRuns, loadCheckpoint } from '../../lib/results/run.js'
import { timeless } from '../timeless.js'
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
import { pocket as config, type Ended, ended, pocketData } from './pocket.js'

const STOP = 1
const folder = scratch('faults')
let data: Dataset
before(async () => {
  await startBackend()
  data = await pocketData()
})

/** Trains up to a step, evaluates what was saved, and resumes to the end. */
async function cycle(resultsDir: string): Promise<void> {
  const options = { resultsDir, observer: {}, estimate: false }
  const id = await train(config, data, { ...options, stopAt: STOP })
  await evaluateRun(id, { resultsDir, data, onBatch: () => {} })
  await resume(id, { ...options, data })
}

let whole: Ended
const cases = async (): Promise<FaultCase[]> => {
  const resultsDir = path.join(folder, 'whole')
  await cycle(resultsDir)
  whole = ended(listRuns(resultsDir).runs[0]!.id, resultsDir)
  const operations = await operationsOf(() => cycle(path.join(folder, 'counted')))
  return faultCases(operations)
}

/** Fails unless what is stored of a run after a fault is a beginning of the unbroken run. */
function assertBeginning(resultsDir: string, error: unknown): void {
  const { runs, damaged } = listRuns(resultsDir)
  assert.deepEqual(damaged, [])
  assert.ok(runs.length <= 1)
  const [run] = runs
  if (!run) {
    assert.notEqual(error, null)
    return
  }
  const rows = loadRun(run.id, resultsDir)
  const { checkpoint } = run.status
  for (const name of ['metrics', 'evaluations'] as const)
    assert.deepEqual(timeless<object>(rows[name]), whole[name].slice(0, rows[name].length), name)
  assert.ok(rows.metrics.length >= (checkpoint ?? 0), 'a row before the checkpoint is missing')
  if (checkpoint !== null) assert.equal(loadCheckpoint(run).state.step, checkpoint)
  if (run.state === 'finished') assert.deepEqual(ended(run.id, resultsDir), whole)
  else assert.ok(run.state === 'failed' || run.state === 'interrupted', run.state)
  if (error === null) assert.equal(run.state, 'finished')
}

const isHidden = (name: string): boolean => name.startsWith('.')

const attempt = inCase<Trial>(async (fault, { index }) => {
  const resultsDir = path.join(folder, `trial-${index}`)
  const { numTensors } = tf.memory()
  try {
    const error = await thrownDuring(fault, () => cycle(resultsDir))
    if (error !== null) assertTold(error, fault, resultsDir)
    assertClosed(resultsDir)
    mkdirSync(resultsDir, { recursive: true })
    if (fault.fault === 'crash') endOwners(resultsDir)
    assertBeginning(resultsDir, error)
    await train(config, data, { resultsDir, observer: {}, estimate: false, resume: true })
    const all = listRuns(resultsDir)
    assert.deepEqual(all.damaged, [])
    const { id, dir } = all.runs.at(-1)!
    assert.deepEqual(ended(id, resultsDir), whole)
    assertTidy(dir)
    assert.deepEqual(readdirSync(path.join(resultsDir, 'runs')).filter(isHidden), [])
    assertClosed(resultsDir)
    assert.equal(tf.memory().numTensors, numTensors, 'tensors are leaked')
  } finally {
    rmSync(resultsDir, { recursive: true, force: true })
  }
})

test(
  ...trials(
    'whatever happens to a file operation of training, saving, evaluating or resuming, the run goes on to the same end',
    { cases, sample: 60 },
    attempt,
  ),
)
