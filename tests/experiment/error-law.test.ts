import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorLaw } from '../../lib/experiment/think/error-law.js'
import { RolloutRecording } from '../../lib/experiment/think/rollout-recording.js'
import { powerLaw } from '../../lib/statistics/power-law.js'
import { type Row, recordingOf } from '../recording/fixture.js'
import { rolloutDefaults } from '../recording/settings.js'

/** Right rollouts of each puzzle of eight: `R` right, `a` wrong; the q of a rollout falls with its number. */
const ANSWERS = ['RRRRRRRR', 'aRaaaaaa', 'aaRaaaaa', 'aaaaaRaa', 'aaaaaaaa', 'aaaaaaaa'] as const

function recording(): RolloutRecording {
  const rows = ANSWERS.flatMap((answers, puzzle) =>
    [...answers].map((answer, rollout): Row => ({ puzzle, rollout, step: 1, answer, q: -rollout })),
  )
  const facts = { settings: { ...rolloutDefaults, depth: 1, rollouts: 8 } }
  return new RolloutRecording(recordingOf(rows, facts).dir)
}

test('the error of an oracle over rollouts is that of the first ones, and its law theirs', () => {
  const made = errorLaw(recording(), { select: 'oracle' })
  assert.deepEqual(made.xs, [1, 2, 4, 8])
  const right = [1, 2, 3, 4]
  assert.deepEqual(
    made.accuracies.map(({ value, method }) => [value, method]),
    right.map((count) => [count / 6, 'wilson']),
  )
  const expected = powerLaw(right.map((count, i) => ({ x: 2 ** i, y: 1 - count / 6 })))
  assert.ok(Math.abs(made.law!.exponent.value - expected.exponent.value) < 1e-12)
  assert.deepEqual([made.law!.exponent.n, made.law!.from, made.law!.to], [6, 1, 8])
  const some = errorLaw(recording(), { select: 'oracle', fit: [2, 8] })
  assert.deepEqual([some.law!.points, some.law!.from], [3, 2])
})

test('pass@k counts in parts, so that its intervals come from a bootstrap over puzzles', () => {
  const made = errorLaw(recording(), { select: 'pass@k' })
  // One right rollout of eight is among k drawn ones with probability k / 8.
  const expected = [1, 2, 4, 8].map((k) => (1 + 3 * (k / 8)) / 6)
  made.accuracies.forEach(({ value }, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-12, `${value} for ${expected[i]}`)
  })
  assert.equal(made.accuracies[0]!.method, 'bootstrap')
  assert.match(made.footnotes()[1]!, /^error ∝ K\^\(−[\d.]+/)
  assert.match(
    made.figure({ shows: 'error', reported: { series: 'ptrm.ppbench.k.pass' } }).caption(),
    /^100 − exact accuracy \(%\) against rollouts K\..*PTRM, pass@K on PPBench/,
  )
})

test('the best q keeps its first rollout here, whose error does not fall', () => {
  const made = errorLaw(recording(), { select: 'q' })
  assert.ok(made.accuracies.every(({ value }) => value === 1 / 6))
  assert.equal(Math.abs(made.law!.exponent.value), 0)
})

test('a law over another quantity, of an unknown selector or of two at once is refused', () => {
  assert.throws(
    () => errorLaw(recording(), { x: 'macs' as never }),
    /errorLaw, x: expected rollouts or depth, found macs/,
  )
  assert.throws(() => errorLaw(recording(), { select: 'best' as never }), /selector: expected q, .*found best/)
  assert.throws(() => errorLaw(recording(), { rollouts: [1, 16] }), /rollouts: expected a whole number from 1 to 8/)
  assert.throws(() => errorLaw(recording(), { fit: [3, 5] }), /fit: expected a range with two or more of 1, 2, 4, 8/)
})
