import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { readFloor } from '../../lib/experiment/think/floor.js'
import { recordingIds } from '../../lib/experiment/think/recordings.js'
import { openRecording, type RolloutRecording } from '../../lib/experiment/think/rollout-recording.js'
import { think } from '../../lib/experiment/think/think.js'
import { type Dataset, train } from '../../lib/index.js'
import { Recording } from '../../lib/recording/recording.js'
import { type Trial, trials } from '../trials.js'
import {
  assertClosed,
  assertTold,
  type FaultCase,
  faultCases,
  inCase,
  operationsOf,
  scratch,
  thrownDuring,
} from './faults.js'
import { pocket, pocketData } from './pocket.js'

const folder = scratch('recording-faults')
let data: Dataset
let run = ''
before(async () => {
  await startBackend()
  data = await pocketData()
  const id = await train({ ...pocket, trainSteps: 1, evalEvery: 1 }, data, { resultsDir: folder, observer: {} })
  run = path.join(folder, 'runs', id)
})

/** Records rollouts with a deterministic one and the numerical floor beside them, and reads them again. */
async function work(resultsDir: string): Promise<RolloutRecording> {
  const options = { resultsDir, rollouts: 2, depth: 2, noise: 0.5, floor: true, onProgress: () => {} }
  const { dir } = await think(run, data, options)
  const read = openRecording(dir)
  read.accuracy('q')
  return read
}

/** All rows and answers of a recording. */
function content(dir: string): readonly string[] {
  const recording = Recording.open(dir, { partial: true })
  return [...recording.table().toArray(), ...recording.answers().toArray()].map(String)
}

/** Rows of the table and all answers that the undisturbed recording holds, by the folder below it. */
let whole: { readonly main: readonly string[]; readonly plain: readonly string[]; readonly floor: unknown }
const cases = async (): Promise<FaultCase[]> => {
  whole = everything((await work(path.join(folder, 'whole'))).dir)
  return faultCases(await operationsOf(() => work(path.join(folder, 'counted'))))
}

function everything(dir: string): typeof whole {
  return {
    main: content(dir),
    plain: content(path.join(dir, 'plain')),
    floor: readFloor(dir, Recording.open(dir).facts),
  }
}

/** Fails unless what a folder holds of a recording is what its facts say, and right. */
function assertRecorded(dir: string, right: readonly string[]): void {
  const { facts } = Recording.open(dir, { partial: true })
  const rows = content(dir)
  assert.equal(new Set(rows).size, rows.length, 'a row is doubled')
  for (const row of rows) assert.ok(right.includes(row), `a row of no recording: ${row}`)
  if (facts.state === 'finished') assert.deepEqual(rows, right)
}

const attempt = inCase<Trial>(async (fault, { index }) => {
  const resultsDir = path.join(folder, `trial-${index}`)
  const { numTensors } = tf.memory()
  try {
    const error = await thrownDuring(fault, () => work(resultsDir))
    if (error !== null) assertTold(error, fault, resultsDir, run)
    assertClosed(resultsDir)
    const place = path.join(resultsDir, 'recordings')
    for (const id of existsSync(place) ? readdirSync(place) : []) {
      const dir = path.join(place, id)
      if (!recordingIds(resultsDir).includes(id)) assert.ok(error !== null, 'a folder without facts')
      else assertRecorded(dir, whole.main)
      const plain = path.join(dir, 'plain')
      if (existsSync(path.join(plain, 'recording.json'))) assertRecorded(plain, whole.plain)
      if (existsSync(path.join(dir, 'floor.json')))
        assert.deepEqual(readFloor(dir, Recording.open(dir).facts), whole.floor)
      if (error === null) assert.deepEqual(everything(dir), whole)
    }
    assert.deepEqual(everything((await work(resultsDir)).dir), whole)
    assertClosed(resultsDir)
    assert.equal(tf.memory().numTensors, numTensors, 'tensors are leaked')
  } finally {
    rmSync(resultsDir, { recursive: true, force: true })
  }
})

test(
  ...trials(
    'whatever happens to a file operation of a recording, what was complete is read, nothing else is, and the same call records it whole',
    { cases, sample: 50 },
    attempt,
  ),
)
