import assert from 'node:assert/strict'
import path from 'node:path'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { disposeModel, initialModel, type Model } from '../../lib/model/model.js'
import { Random } from '../../lib/random.js'
import { Recorder } from '../../lib/recording/recorder.js'
import { Recording } from '../../lib/recording/recording.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { particleSteps } from '../../lib/think/particles.js'
import { rolloutSteps } from '../../lib/think/rollouts.js'
import { type RolloutOptions, rolloutSettings } from '../../lib/think/settings.js'
import { UNKNOWN } from '../../lib/think/step-measures.js'
import { tinyShape } from '../model/tiny.js'
import { temporaryFolder } from '../results/fixture.js'
import { header } from './fixture.js'

let data: Dataset
before(async () => {
  await startBackend()
  data = await sudoku({ box: '2x2', clues: 6, train: 2, test: 6, seed: 0 })
})

/** A model whose halting head answers differently from step to step. */
function model(): Model {
  const { vocabSize, seqLen, puzzleIdentifiers } = data.manifest
  const made = initialModel(tinyShape({ vocabSize, seqLen, puzzleIdentifiers, hidden: 64 }), 2)
  const draw = Random.of(7)
  made.weights['q_head.weight']!.dispose()
  const head = Float32Array.from({ length: 2 * made.shape.hidden }, () => draw.normal())
  made.weights = { ...made.weights, 'q_head.weight': tf.tensor2d(head, [2, made.shape.hidden]) }
  return made
}

/** Records rollouts of the model; returns the recording, and what was measured by `puzzle rollout step`. */
async function recorded(options: RolloutOptions): Promise<{ recording: Recording; rows: Map<string, string> }> {
  const settings = rolloutSettings(options)
  const dir = path.join(temporaryFolder(), 'recording')
  const guided = settings.guide > 0
  const recorder = new Recorder(dir, header({ seqLen: data.manifest.seqLen, settings, guided, answers: 'all' }))
  const tried = model()
  const rows = new Map<string, string>()
  for await (const measures of (guided ? particleSteps : rolloutSteps)(tried, data, settings)) {
    recorder.add(measures)
    for (let i = 0; i < measures.size; i++) {
      const { seqLen, step } = measures
      rows.set(
        `${measures.puzzle[i]} ${measures.rollout[i]} ${step}`,
        [
          measures.qHalt[i],
          measures.exact[i],
          measures.rightCells[i],
          measures.logWeight?.[i],
          ...measures.answers.subarray(i * seqLen, (i + 1) * seqLen),
        ].join(' '),
      )
    }
  }
  disposeModel(tried)
  recorder.end()
  return { recording: Recording.open(dir), rows }
}

/** The rows of a recording in the same form. */
function rowsIn(recording: Recording): Map<string, string> {
  const answers = new Map(
    recording
      .answers()
      .toArray()
      .map((row) => [`${row.puzzle} ${row.hash}`, row.answer.toArray() as Uint8Array]),
  )
  return new Map(
    recording
      .table()
      .toArray()
      .map(({ puzzle, rollout, step, hash, exact, rightCells, qHalt, logWeight }) => [
        `${puzzle} ${rollout} ${step}`,
        [
          qHalt,
          exact === null ? UNKNOWN : Number(exact),
          rightCells,
          logWeight,
          ...answers.get(`${puzzle} ${hash}`)!,
        ].join(' '),
      ]),
  )
}

const sorted = (rows: Map<string, string>): string[] => [...rows].map((row) => row.join(': ')).sort()

test('rollouts that leave early while others take their place are recorded as they were measured', async () => {
  const { recording, rows } = await recorded({
    depth: 5,
    rollouts: 3,
    noise: 0.3,
    leave: 'settled',
    settledSteps: 1,
    batch: 4,
  })
  assert.ok(rows.size > 18 && rows.size < 90, `${rows.size} rows`)
  assert.deepEqual(sorted(rowsIn(recording)), sorted(rows))
  assert.equal(recording.facts.recorded, 6)
})

test('guided particles are recorded with their weights, and their answers although they change places', async () => {
  const { recording, rows } = await recorded({ depth: 4, rollouts: 4, noise: 0.5, guide: 2, batch: 8 })
  assert.equal(rows.size, 6 * 4 * 4)
  assert.deepEqual(sorted(rowsIn(recording)), sorted(rows))
  const best = (puzzle: number): number => {
    const scores = Array.from({ length: 4 }, (_, rollout) => {
      const [q, , , logWeight] = rows.get(`${puzzle} ${rollout} 4`)!.split(' ').map(Number)
      return logWeight! - Math.log1p(Math.exp(-q!))
    })
    return scores.indexOf(Math.max(...scores))
  }
  for (const { puzzle, rollout } of recording.select('guided').toArray()) assert.equal(rollout, best(puzzle))
})
