import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { tableFromIPC } from 'apache-arrow'
import { UserError } from '../../lib/errors.js'
import { FACTS_FILE, STEPS_FILE } from '../../lib/recording/facts.js'
import { Recorder } from '../../lib/recording/recorder.js'
import { Recording } from '../../lib/recording/recording.js'
import { withFailure } from '../files/failing.js'
import { temporaryFolder } from '../results/fixture.js'
import { header, measuresOf, type Row, recordingOf, stepsOf, tokensOf } from './fixture.js'
import { rolloutDefaults } from './settings.js'
import { syntheticRollouts } from './synthetic-rollouts.js'

/** Two puzzles, two rollouts of three steps each; the answer of each row is another letter, but for rollout 1 of puzzle 1. */
const ROWS: readonly Row[] = [0, 1].flatMap((puzzle) =>
  [0, 1].flatMap((rollout) =>
    [1, 2, 3].map((step): Row => {
      const answer = puzzle * rollout === 1 ? 'R' : String.fromCharCode(97 + 6 * puzzle + 3 * rollout + step)
      return { puzzle, rollout, step, answer, q: step - 2.5, delta: step / 8, margin: 1 / 3, valid: answer === 'R' }
    }),
  ),
)
const SETTINGS = { settings: { ...rolloutDefaults, depth: 3, rollouts: 2 } }

/** A recording with more rows than a batch has. */
function large(end: 'finished' | 'interrupted' | 'none' = 'finished'): { dir: string; puzzles: number } {
  const dir = path.join(temporaryFolder(), 'recording')
  const size = { puzzles: 440, rollouts: 10, depth: 32 }
  const settings = { ...rolloutDefaults, depth: 32, rollouts: 10 }
  const recorder = new Recorder(dir, header({ seqLen: 81, settings }))
  for (const measures of syntheticRollouts({ ...size, seed: 1 })) recorder.add(measures)
  if (end !== 'none') recorder.end(end)
  return { dir, puzzles: size.puzzles }
}

test('the table has the rows that were recorded, by rollout and step', () => {
  const recording = recordingOf(ROWS, SETTINGS)
  const table = recording.table()
  assert.deepEqual(
    table.schema.fields.map(({ name, type, nullable }) => `${name} ${type}${nullable ? ' or null' : ''}`),
    [
      'puzzle Int32',
      'version Int32',
      'rollout Uint16',
      'step Uint16',
      'hash Uint64',
      'exact Bool or null',
      'rightCells Uint16',
      'scoredCells Uint16',
      'valid Bool',
      'qHalt Float32',
      'deltaY Float16',
      'deltaZ Float16',
      'deltaLogits Float32',
      'changed Uint16',
      'margin Float16',
    ],
  )
  assert.equal(table.numRows, 12)
  const { deltaLogits, ...first } = table.get(0)!.toJSON()
  assert.ok(Number.isNaN(deltaLogits))
  assert.deepEqual(first, {
    puzzle: 0,
    version: 0,
    rollout: 0,
    step: 1,
    hash: (1n << 63n) + 98n,
    exact: false,
    rightCells: 2,
    scoredCells: 4,
    valid: false,
    qHalt: -1.5,
    deltaY: 0.5,
    deltaZ: 0,
    changed: 0,
    margin: 1365 / 4096,
  })
  const last = table.get(11)!.toJSON()
  assert.deepEqual([last.puzzle, last.rollout, last.step, last.exact, last.deltaLogits], [1, 1, 3, true, 0.375])
})

test('the file is an Arrow IPC file by itself', () => {
  const { dir } = recordingOf(ROWS, SETTINGS)
  assert.equal(tableFromIPC(readFileSync(path.join(dir, STEPS_FILE))).numRows, 12)
})

test('the answers of the last steps are kept, each once; or all; or none', () => {
  const kept = (answers: 'last' | 'all' | 'none'): string[] =>
    recordingOf(ROWS, { ...SETTINGS, answers })
      .answers()
      .toArray()
      .map(({ puzzle, hash, answer }) => `${puzzle} ${hash - (1n << 63n)} ${answer.toArray()}`)
      .sort()
  const line = (puzzle: number, letter: string): string =>
    `${puzzle} ${letter.charCodeAt(0)} ${tokensOf(letter).join(',')}`
  assert.deepEqual(kept('last'), [line(0, 'd'), line(0, 'g'), line(1, 'j'), line(1, 'R')].sort())
  assert.deepEqual(
    kept('all'),
    [...[...'bcdefg'].map((letter) => line(0, letter)), ...[...'hijR'].map((letter) => line(1, letter))].sort(),
  )
  assert.throws(() => kept('none'), {
    name: 'UserError',
    message: /expected a recording with answers, found one without\. Record again/,
  })
})

test('an answer chosen before the last step needs a recording of all answers', () => {
  const at = (answers: 'last' | 'all', depth: number): number[][] =>
    [...recordingOf(ROWS, { ...SETTINGS, answers }).selectedAnswers('q', { depth })].map(({ answer }) => [...answer])
  assert.deepEqual(
    at('last', 3),
    [tokensOf('d'), tokensOf('j')].map((tokens) => [...tokens]),
  )
  assert.deepEqual(
    at('all', 2),
    [tokensOf('c'), tokensOf('i')].map((tokens) => [...tokens]),
  )
  assert.throws(() => at('last', 2), {
    name: 'UserError',
    message:
      /the answers of q at depth 2: expected a recording that keeps all answers, .*Record again with answers: 'all'\./,
  })
})

test('inside each version the selector chooses, and the versions vote', () => {
  const rows: Row[] = [0, 1, 2].flatMap((version) =>
    [0, 1].map((rollout) => ({
      puzzle: 0,
      version,
      rollout,
      step: 1,
      answer: 'abcdef'[2 * version + rollout]!,
      q: rollout - version,
    })),
  )
  const recording = recordingOf(rows, { ...SETTINGS, versions: 3 })
  const votes: string[] = []
  recording.vote(
    {
      begin: () => votes.push('begin'),
      add: ({ puzzle, version, prediction, haltProbability }) =>
        votes.push(`${puzzle}.${version} ${String.fromCharCode(prediction[0]!)} ${haltProbability.toFixed(3)}`),
    },
    'q',
  )
  assert.deepEqual(votes, ['begin', '0.0 b 0.731', '0.1 d 0.500', '0.2 f 0.269'])
})

test('a puzzle with several versions counts with their mean', () => {
  const rows: Row[] = [0, 1].flatMap((puzzle) =>
    [0, 1].map((version) => ({
      puzzle,
      version,
      rollout: 0,
      step: 1,
      answer: puzzle + version === 0 ? 'R' : 'a',
      q: 0,
    })),
  )
  const { value, n } = recordingOf(rows, { settings: { ...rolloutDefaults, depth: 1 }, versions: 2 }).accuracy('q')
  assert.deepEqual({ value, n }, { value: 0.25, n: 2 })
})

test('a recording takes at most 25 bytes a row, and its batches hold whole puzzles', () => {
  const { dir, puzzles } = large()
  const recording = Recording.open(dir)
  assert.equal(recording.facts.rows, puzzles * 10 * 32)
  const bytes = statSync(path.join(dir, STEPS_FILE)).size
  assert.ok(bytes < 25 * recording.facts.rows, `${bytes / recording.facts.rows} bytes a row`)
  const batches = [...recording.batches()].map((batch) => new Set(batch.getChild('puzzle')!.toArray() as Int32Array))
  assert.ok(batches.length > 1)
  assert.equal(
    batches.reduce((sum, { size }) => sum + size, 0),
    puzzles,
  )
})

test('a recording at work says so, and has the puzzles that were written', () => {
  const recording = Recording.open(large('none').dir)
  assert.equal(recording.facts.state, 'recording')
  assert.equal(recording.facts.ended, null)
  const { n } = recording.accuracy('q')
  assert.ok(n > 200 && n < 440, String(n))
  assert.equal(recording.facts.recorded, n)
  assert.equal(recording.table().numRows, n * 320)
})

test('an interrupted recording leaves out puzzles whose rollouts may have gone on', () => {
  const dir = path.join(temporaryFolder(), 'recording')
  const recorder = new Recorder(dir, header(SETTINGS))
  const steps = [...stepsOf(ROWS, { size: 2 })]
  for (const measures of steps.slice(0, -1)) recorder.add(measures)
  const facts = recorder.end('interrupted')
  assert.deepEqual([facts.state, facts.recorded, facts.rows], ['interrupted', 1, 6])
  assert.deepEqual(
    [...Recording.open(dir).select('q').toArray()].map(({ puzzle }) => puzzle),
    [0],
  )
})

test('an interrupted recording does not prefer puzzles whose rollouts leave early', () => {
  const dir = path.join(temporaryFolder(), 'recording')
  const recorder = new Recorder(dir, header({ settings: { ...rolloutDefaults, depth: 8, rollouts: 1 } }))
  // Puzzle 1 goes on, while each of the others leaves after one step and the next takes its place.
  const rowOf = (puzzle: number, step: number): Row => ({ puzzle, rollout: 0, step, answer: 'R', q: 1 })
  recorder.add(measuresOf([rowOf(0, 1), rowOf(1, 1)]))
  for (let step = 2; step < 8; step++) {
    recorder.add(measuresOf([rowOf(1, step)]))
    recorder.add(measuresOf([rowOf(step, 1)]))
  }
  recorder.end('interrupted')
  assert.deepEqual(
    [...Recording.open(dir).select('q').toArray()].map(({ puzzle }) => puzzle),
    [0],
  )
})

test('the seconds of an interrupted recording are those of the rows that it has', () => {
  const recorder = new Recorder(path.join(temporaryFolder(), 'recording'), header(SETTINGS))
  const began = performance.now()
  for (const measures of [...stepsOf(ROWS, { size: 2 })].slice(0, -1)) {
    for (const until = performance.now() + 10; performance.now() < until; );
    recorder.add(measures)
  }
  const elapsed = (performance.now() - began) / 1000
  const { rows, seconds } = recorder.end('interrupted')
  assert.equal(rows, 6)
  // 6 of 10 rows.
  assert.ok(seconds.computing > 0.6 * 0.05 && seconds.computing <= 0.6 * elapsed)
})

test('a recording that was stopped before a puzzle was complete is opened, and has no accuracy', () => {
  for (const measures of [[], [measuresOf(ROWS.slice(0, 1))]]) {
    const dir = path.join(temporaryFolder(), 'recording')
    const recorder = new Recorder(dir, header(SETTINGS))
    for (const each of measures) recorder.add(each)
    recorder.end('interrupted')
    const recording = Recording.open(dir)
    assert.deepEqual([recording.table().numRows, recording.select('q').numRows, recording.answers().numRows], [0, 0, 0])
    assert.throws(() => recording.accuracy('q'), {
      name: 'UserError',
      message: 'the recording: expected puzzles that are complete, found none. Record again.',
    })
  }
})

test('a finished recording without all rollouts is refused', () => {
  const recorder = new Recorder(path.join(temporaryFolder(), 'recording'), header(SETTINGS))
  recorder.add(measuresOf(ROWS.filter(({ puzzle, rollout, step }) => puzzle === 1 && rollout === 0 && step === 1)))
  assert.throws(() => recorder.end(), { name: 'RangeError', message: 'puzzle 1, version 0: 1 rollouts only' })
})

test('a step without the one before, or beyond the settings, is refused', () => {
  const recorder = new Recorder(path.join(temporaryFolder(), 'recording'), header(SETTINGS))
  const row = { puzzle: 0, rollout: 0, step: 2, answer: 'a', q: 0 }
  assert.throws(() => recorder.add(measuresOf([row])), /rollout 0: step 2 without the one before/)
  assert.throws(() => recorder.add(measuresOf([{ ...row, step: 4 }])), { message: 'step 4 of 3' })
  assert.throws(() => recorder.add(measuresOf([{ ...row, step: 1, rollout: 2 }])), { message: 'rollout 2 of 2' })
})

for (const how of ['once', 'for good'] as const)
  test(`whichever file operation fails ${how}, the error is the user's, and what was written is readable`, () => {
    for (let n = 0; ; n++) {
      const dir = path.join(temporaryFolder(), 'recording')
      const { operations, error } = withFailure(n, how, () => {
        const recorder = new Recorder(dir, header(SETTINGS), { batchRows: 6 })
        try {
          for (const measures of stepsOf(ROWS, { size: 2 })) recorder.add(measures)
        } catch (error) {
          recorder.end('interrupted')
          throw error
        }
        recorder.end()
      })
      if (error === null && operations <= n) break
      assert.ok(error === null || error instanceof UserError, String(error))
      if (!existsSync(path.join(dir, FACTS_FILE))) continue
      const { facts } = Recording.open(dir)
      const recording = Recording.open(dir)
      assert.equal(recording.table().numRows, facts.rows, `operation ${n}`)
      assert.equal(recording.select('q').numRows, facts.recorded)
      assert.equal([...recording.selectedAnswers('q')].length, facts.recorded)
      assert.equal(facts.rows, 6 * facts.recorded)
      if (facts.state === 'finished') assert.equal(facts.recorded, 2)
    }
  })

test('a cut table is told as one, and read up to there on request', () => {
  const { dir } = large()
  truncateSync(path.join(dir, STEPS_FILE), statSync(path.join(dir, STEPS_FILE)).size - 10_000)
  assert.throws(() => Recording.open(dir).accuracy('q'), {
    name: 'UserError',
    message: /steps\.arrow: expected 3 undamaged batches, found 2; the file ends in batch 3\./,
  })
  const { n } = Recording.open(dir, { partial: true }).accuracy('q')
  assert.ok(n > 200 && n < 440, String(n))
})

test('damaged facts are told as such', () => {
  const { dir } = recordingOf(ROWS, SETTINGS)
  const file = path.join(dir, FACTS_FILE)
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('"rows": 12', '"rows": 13'))
  assert.throws(() => Recording.open(dir), {
    name: 'UserError',
    message: /recording\.json: expected an unmodified object/,
  })
  writeFileSync(file, text.replace('"formatVersion": 3', '"formatVersion": 4'))
  assert.throws(() => Recording.open(dir), {
    name: 'UserError',
    message: /expected the facts of a recording, format version 3, found version 4/,
  })
  assert.throws(() => Recording.open(temporaryFolder()), {
    name: 'UserError',
    message: /recording\.json: expected a readable file/,
  })
})

test('more rows of a puzzle than fit in memory are refused, and nothing is stored', () => {
  const dir = path.join(temporaryFolder(), 'recording')
  const settings = { ...rolloutDefaults, rollouts: 65_000, depth: 65 }
  assert.throws(() => new Recorder(dir, header({ settings })), {
    name: 'UserError',
    message:
      'rollouts × depth: expected at most 4194304 rows of a puzzle, which are in memory together, found 65000 × 65. Record fewer rollouts, or fewer steps.',
  })
  assert.ok(!existsSync(dir))
})

test('a recording is not written over another', () => {
  const { dir } = recordingOf(ROWS, SETTINGS)
  const recorder = new Recorder(dir, header(SETTINGS))
  assert.throws(() => recorder.add(measuresOf(ROWS.slice(0, 1))), {
    name: 'UserError',
    message: /steps\.arrow: expected a writable path/,
  })
  assert.equal(Recording.open(dir).facts.rows, 12)
})
