import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { openRecording } from '../../lib/experiment/think/rollout-recording.js'
import { think } from '../../lib/experiment/think/think.js'
import { sudoku } from '../../lib/index.js'
import { WEIGHTS_FOLDER } from '../../lib/interop/named/record.js'
import { trials } from '../trials.js'
import { damageCases, damageFile, quickFolder } from './damage.js'
import { Expected } from './readers.js'

const FILES = ['recording.json', 'steps.arrow', 'answers.arrow', 'floor.json'].flatMap((name) =>
  name === 'floor.json' ? [name] : [name, path.join('plain', name)],
)

const folder = quickFolder()
let [dir, other] = ['', '']
let expected: Expected

const readers = {
  summary: () => openRecording(dir).summary(),
  floor: () => openRecording(dir).numericFloor,
  rows: () => openRecording(dir).table().toArray().map(String),
  selected: () => openRecording(dir).select('vote').toArray().map(String),
  answers: () => openRecording(dir).answers().toArray().map(String),
  curve: () => openRecording(dir).curveRows({ x: 'rollouts', select: ['q', 'vote'] }),
  inside: () => openRecording(dir).inside().summary(),
  'the gain over deterministic rollouts': () => {
    const recording = openRecording(dir)
    return recording.compare(recording.plain!)
  },
}

before(async () => {
  await startBackend()
  const data = await sudoku({ box: [2, 2], train: 4, test: 12, seed: 0 })
  const weights = path.join(WEIGHTS_FOLDER, 'sudoku-4x4', 'weights.safetensors')
  const options = { depth: 3, rollouts: 3, noise: 0.5, answers: 'all', resultsDir: folder } as const
  dir = (await think(weights, data, options)).dir
  other = (await think(weights, data, { ...options, seed: 1, noise: 1, puzzles: 8 })).dir
  expected = await Expected.of(readers)
})

test(
  ...trials(
    'a recording with a damaged file, or with one of another recording, answers every query right or names the file',
    { cases: damageCases(FILES), sample: 70 },
    async (one, { random }) => {
      const restore = damageFile(dir, one, { other }, random)
      try {
        await expected.check(dir, one)
      } finally {
        restore()
      }
    },
  ),
)

test('deterministic rollouts of another recording are refused as a whole folder, too', () => {
  const mixed = path.join(folder, 'mixed')
  cpSync(dir, mixed, { recursive: true })
  cpSync(path.join(other, 'plain'), path.join(mixed, 'plain'), { recursive: true })
  assert.throws(() => openRecording(mixed), {
    name: 'UserError',
    message:
      /plain\/recording\.json: expected the deterministic rollouts of this recording, found those of another one/,
  })
})
