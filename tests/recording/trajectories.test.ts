import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstExact } from '../../lib/recording/solving.js'
import { trajectoriesOf } from '../../lib/recording/trajectories.js'
import { type Row, recordingOf } from './fixture.js'
import { rolloutDefaults } from './settings.js'

/** The rows of a rollout, an answer per step. */
const rollout = (puzzle: number, rollout: number, answers: string, version = 0): Row[] =>
  [...answers].map((answer, t) => ({ puzzle, rollout, version, step: t + 1, answer, q: 10 * rollout + t }))

const rows = [
  ...rollout(0, 0, 'aRR'),
  ...rollout(0, 1, 'R'),
  ...rollout(2, 0, 'abc'),
  ...rollout(2, 1, 'abR'),
  ...rollout(1, 0, '???'),
  ...rollout(1, 1, '???'),
]
const settings = { ...rolloutDefaults, depth: 3, rollouts: 2 }
const recording = recordingOf(rows, { settings })

test('the trajectories of a recording are those of one rollout, by ascending puzzle, without unknown answers', () => {
  const first = trajectoriesOf(recording)
  assert.deepEqual([first.count, first.unknown, first.depth, [...first.puzzle]], [2, 1, 3, [0, 2]])
  assert.deepEqual([...first.exact], [0, 1, 1, 0, 0, 0])
  assert.deepEqual([...first.qHalt], [0, 1, 2, 0, 1, 2])
  assert.deepEqual([...first.deltaY], [0.5, 0.25, 0.125, 0.5, 0.25, 0.125])
  assert.deepEqual([...firstExact(first)], [2, 0])
})

test('a rollout that left the recording early keeps its last answer', () => {
  const second = trajectoriesOf(recording, { rollout: 1 })
  assert.deepEqual([...second.exact], [1, 1, 1, 0, 0, 1])
  assert.deepEqual([[...second.steps], second.qHalt[2]], [[1, 3], 10])
  assert.ok(Number.isNaN(second.deltaY[1]!))
})

test('a rollout that was not recorded, and a version of no puzzle, are refused', () => {
  assert.throws(() => trajectoriesOf(recording, { rollout: 2 }), /rollout: expected one that was recorded, 0 to 1/)
  assert.throws(() => trajectoriesOf(recording, { version: 1 }), /no puzzle/)
})

test('of several versions of a puzzle one is read', () => {
  const turned = recordingOf([...rollout(0, 0, 'aaR'), ...rollout(0, 0, 'Rab', 1)], {
    versions: 2,
    settings: { ...settings, rollouts: 1 },
  })
  assert.deepEqual([...trajectoriesOf(turned, { version: 1 }).exact], [1, 0, 0])
})

test('guided particles, which change places, have no trajectories', () => {
  const particles = rollout(0, 0, 'abR').map((row) => ({ ...row, logWeight: 0 }))
  const guided = recordingOf(particles, { guided: true, settings: { ...settings, rollouts: 1, guide: 1 } })
  assert.throws(() => trajectoriesOf(guided), /found guided particles/)
})
