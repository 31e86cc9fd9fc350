import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Recording } from '../../lib/recording/recording.js'
import { SELECTORS, type Selector } from '../../lib/recording/selectors.js'
import { type Row, recordingOf } from './fixture.js'
import { rolloutDefaults } from './settings.js'

/**
 * Four puzzles, three rollouts of each. A rollout is its steps; a step is the answer (R is right), q_halt, the change of the
 * logits, the margin, and `v` where the answer is valid.
 */
const WRITTEN = `
0 0: A -3        | A -1 .5 .1     | R 1 .6 .2 v
0 1: B -2        | B -1 .1 .1     | B 2 .1 .9
0 2: A -3        | B .5 .2 .1     | B .25 .2 .3
1 0: R -1 0 0 v  | R .5 .3 .1 v   | R 1 .3 .5 v
1 1: R -2 0 0 v  | R -1 .2 .1 v   | R .75 .1 .4 v
1 2: C -1        | C -.5 .1 .1    | C 3 .05 .9
2 0: D -2        | D -2 .4 .1     | D -1 .4 .3
2 1: R -1 0 0 v  | R 1.5 .1 .8 v
2 2: E -3        | D -3 .3 .1     | D -2 .3 .2
3 0: F -1        | F -1 .25 .1    | F -.5 .25 .1
3 1: G -1        | G -1 .25 .1    | G -.25 .25 .1
3 2: H -2        | H -2 .375 .1   | H -.75 .125 .1`

const ROWS: readonly Row[] = WRITTEN.trim()
  .split('\n')
  .flatMap((line) => {
    const [place, steps] = line.split(':') as [string, string]
    const [puzzle, rollout] = place.split(' ').map(Number) as [number, number]
    return steps.split('|').map((text, i): Row => {
      const [answer, q, delta = '0', margin = '0', valid = ''] = text.trim().split(/\s+/) as [
        string,
        string,
        ...string[],
      ]
      const numbers = { q: Number(q), delta: Number(delta), margin: Number(margin) }
      return { puzzle, rollout, step: i + 1, answer, ...numbers, valid: valid === 'v' }
    })
  })

/** The rollout and step that each selector chooses for puzzles 0 to 3, `rollout.step`. */
type Chosen = readonly [string, string, string, string]

const chosen = (selector: Selector, extent = {}): string[] => {
  const table = recordingOf(ROWS).select(selector, extent)
  return table.toArray().map((row) => `${row.rollout}.${row.step}`)
}

const ALL: Readonly<Record<Exclude<Selector, 'guided'>, { readonly chosen: Chosen; readonly right: number }>> = {
  q: { chosen: ['1.3', '2.3', '1.2', '1.3'], right: 1 },
  // Puzzle 3: nobody halts, so that the largest q_halt at the last step decides.
  first: { chosen: ['2.2', '0.2', '1.2', '1.3'], right: 2 },
  // Puzzle 3: three answers with one vote each.
  vote: { chosen: ['1.3', '0.3', '0.3', '1.3'], right: 1 },
  residual: { chosen: ['1.3', '2.3', '1.2', '1.3'], right: 1 },
  margin: { chosen: ['1.3', '2.3', '1.2', '1.3'], right: 1 },
  verifier: { chosen: ['0.3', '0.3', '1.2', '1.3'], right: 3 },
  oracle: { chosen: ['0.3', '0.3', '1.2', '1.3'], right: 3 },
}

for (const [selector, { chosen: expected, right }] of Object.entries(ALL) as [Selector, (typeof ALL)['q']][])
  test(`${selector} chooses ${SELECTORS[selector]}`, () => {
    assert.deepEqual(chosen(selector), expected)
    assert.equal(recordingOf(ROWS).accuracy(selector).value, right / 4)
  })

test('with two rollouts of two steps, ties go to the larger q_halt and then to the lower rollout', () => {
  const extent = { depth: 2, rollouts: 2 }
  assert.deepEqual(chosen('q', extent), ['0.2', '0.2', '1.2', '0.2'])
  assert.deepEqual(chosen('first', extent), ['0.2', '0.2', '1.2', '0.2'])
  // Puzzles 0, 2 and 3 have two answers with one vote each: -1 against -1, -2 against 1.5, -1 against -1.
  assert.deepEqual(chosen('vote', extent), ['0.2', '0.2', '1.2', '0.2'])
  assert.deepEqual(chosen('residual', extent), ['1.2', '1.2', '1.2', '0.2'])
  assert.deepEqual(chosen('margin', extent), ['0.2', '0.2', '1.2', '0.2'])
})

test('after one step there is no change of the logits, and residual chooses by q_halt', () => {
  assert.deepEqual(chosen('residual', { depth: 1 }), chosen('q', { depth: 1 }))
  assert.deepEqual(chosen('q', { depth: 1 }), ['1.1', '0.1', '1.1', '0.1'])
})

test('first halts where q_halt exceeds q_continue if that was trained, and above 0 if not', () => {
  const rows: Row[] = [
    { puzzle: 0, rollout: 0, step: 1, answer: 'A', q: 1, qContinue: 2 },
    { puzzle: 0, rollout: 0, step: 2, answer: 'B', q: 1, qContinue: 0.5 },
    { puzzle: 0, rollout: 1, step: 1, answer: 'R', q: -2, qContinue: -1 },
    { puzzle: 0, rollout: 1, step: 2, answer: 'R', q: -1, qContinue: -1.5 },
    { puzzle: 0, rollout: 2, step: 1, answer: 'C', q: 0, qContinue: 0 },
    { puzzle: 0, rollout: 2, step: 2, answer: 'C', q: 0, qContinue: 0 },
  ]
  const firstOf = (continues: boolean, extent = {}): string => {
    const { rollout, step } = recordingOf(rows, { continues }).select('first', extent).get(0)!
    return `${rollout}.${step}`
  }
  assert.equal(firstOf(true), '0.2')
  assert.equal(firstOf(false), '0.1')
  const steps = (continues: boolean): number =>
    recordingOf(rows, { continues }).curveRows({ select: 'first', depth: 3 })[0]!.steps
  assert.equal(steps(true), 6)
  assert.equal(steps(false), 3)
})

test('a rollout that left after its first step has not converged by its residual', () => {
  const rows: Row[] = [
    { puzzle: 0, rollout: 0, step: 1, answer: 'A', q: 3 },
    { puzzle: 0, rollout: 1, step: 1, answer: 'B', q: -1 },
    { puzzle: 0, rollout: 1, step: 2, answer: 'B', q: -1, delta: 0.2 },
    { puzzle: 0, rollout: 2, step: 1, answer: 'R', q: -1 },
    { puzzle: 0, rollout: 2, step: 2, answer: 'R', q: -1, delta: 0.1 },
  ]
  const recording = recordingOf(rows)
  assert.equal(recording.select('residual').get(0)!.rollout, 2)
  assert.equal(recording.select('residual', { depth: 1 }).get(0)!.rollout, 0)
})

test('without a right answer the oracle chooses a valid one, so that it is pass@K by the judge too', () => {
  const rows: Row[] = [
    { puzzle: 0, rollout: 0, step: 1, answer: 'A', q: 2, valid: false },
    { puzzle: 0, rollout: 1, step: 1, answer: 'B', q: 1, valid: true },
    { puzzle: 1, rollout: 0, step: 1, answer: 'A', q: 2, valid: true },
    { puzzle: 1, rollout: 1, step: 1, answer: 'R', q: 1, valid: true },
  ]
  const recording = recordingOf(rows, { settings: { ...rolloutDefaults, depth: 1, rollouts: 2 } })
  const chosen = recording.select('oracle').toArray()
  assert.deepEqual(
    chosen.map(({ rollout }) => rollout),
    [1, 1],
  )
  assert.equal(recording.accuracy('oracle', { metric: 'valid' }).value, recording.passAtK(2, { metric: 'valid' }).value)
  assert.equal(recording.accuracy('oracle').value, recording.passAtK(2).value)
})

test('rollouts that have diverged do not vote', () => {
  const at = (rollout: number, answer: string, q: number): Row => ({ puzzle: 0, rollout, step: 1, answer, q })
  const settings = { ...rolloutDefaults, depth: 1, rollouts: 4 }
  const most = [at(0, 'N', Number.NaN), at(1, 'N', Number.NaN), at(2, 'R', -1), at(3, 'B', -2)]
  assert.equal(recordingOf(most, { settings }).select('vote').get(0)!.rollout, 2)
  const all = [0, 1, 2, 3].map((rollout) => at(rollout, 'N', Number.NaN))
  assert.equal(recordingOf(all, { settings }).select('vote').get(0)!.rollout, 0)
})

test('a rollout that left early counts with its last row', () => {
  const [two, three] = [2, 3].map((depth) => recordingOf(ROWS).select('margin', { depth }).get(2)!.toJSON())
  assert.deepEqual(two, three)
})

test('pass@k is estimated without bias from all rollouts', () => {
  const recording = recordingOf(ROWS)
  // Right rollouts of the puzzles: 1, 2, 1 and 0 of 3.
  const passes = [1, 2, 3].map((k) => recording.passAtK(k).value)
  for (const [i, expected] of [4 / 12, 7 / 12, 3 / 4].entries()) assert.ok(Math.abs(passes[i]! - expected) < 1e-12)
  assert.equal(recording.passAtK(3).value, recording.accuracy('oracle').value)
})

test('selectors are measured by cells and by the criteria of the judge too', () => {
  const recording = recordingOf(ROWS)
  // One right answer of four cells, three with two right cells.
  assert.equal(recording.accuracy('q', { metric: 'cells' }).value, (1 + 3 / 2) / 4)
  assert.equal(recording.accuracy('first', { metric: 'valid' }).value, 2 / 4)
  assert.throws(() => recording.accuracy('q', { metric: 'exat' }), {
    name: 'UserError',
    message: 'metric: expected exact, cells, valid, found exat. Did you mean exact?',
  })
})

test('an accuracy has Wilson’s interval over puzzles, or that of a bootstrap', () => {
  const recording = recordingOf(ROWS)
  const { value, n, low, high, method, unknown } = recording.accuracy('first')
  assert.deepEqual({ value, n, method, unknown }, { value: 0.5, n: 4, method: 'wilson', unknown: 0 })
  // Wilson, 2 of 4: centre 0.5, half width z√(n/4 + z²/4)/(n + z²) with z = 1.96.
  assert.ok(Math.abs(low! - 0.15) < 1e-4 && Math.abs(high! - 0.85) < 1e-4)
  assert.equal(recording.accuracy('first', { interval: 'bootstrap', seed: 1 }).method, 'bootstrap')
  assert.throws(() => recording.accuracy('q', { interval: 'normal' as 'wilson' }), {
    name: 'UserError',
    message: 'interval: expected wilson or bootstrap, found normal.',
  })
  assert.throws(() => recording.accuracy('q', { interval: 'bootstrap', resamples: 0 }), {
    name: 'UserError',
    message: 'resamples: expected a whole number of 1 or more, found 0.',
  })
})

test('puzzles without a known answer are left out and counted', () => {
  const rows = ROWS.map((row) => (row.puzzle === 3 ? { ...row, answer: '?' } : row))
  const recording = recordingOf(rows)
  const { value, n, unknown } = recording.accuracy('oracle')
  assert.deepEqual({ value, n, unknown }, { value: 1, n: 3, unknown: 1 })
  assert.equal(recording.accuracy('oracle', { metric: 'valid' }).n, 4)
  assert.equal(recording.select('q').get(3)!.exact, null)
  const none = recordingOf(rows.filter(({ puzzle }) => puzzle === 3))
  assert.throws(() => none.accuracy('q'), {
    name: 'UserError',
    message: /expected puzzles with known answers, found none among 1\./,
  })
})

test('guided chooses the particle with the largest weight times halting probability', () => {
  const rows = [
    { puzzle: 0, rollout: 0, step: 1, answer: 'A', q: 3, logWeight: -2 },
    { puzzle: 0, rollout: 1, step: 1, answer: 'R', q: -1, logWeight: 0.5 },
    { puzzle: 0, rollout: 2, step: 1, answer: 'B', q: 1, logWeight: -1.5 },
  ]
  // ln w + ln σ(q): -2.05, -0.81, -1.81.
  const recording = recordingOf(rows, { guided: true })
  assert.equal(recording.select('guided').get(0)!.rollout, 1)
  assert.equal(recording.accuracy('guided').value, 1)
  assert.deepEqual(
    recording.curveRows({ x: 'rollouts' }).map(({ rollouts }) => rollouts),
    [3],
  )
  assert.throws(() => recording.accuracy('guided', { rollouts: 2 }), {
    name: 'UserError',
    message: 'rollouts: expected all 3 particles, which depend on each other, found 2. Record again with rollouts 2.',
  })
})

test('a selector that the recording cannot answer is refused with a reason', () => {
  const withoutJudge = recordingOf(
    ROWS.map(({ valid: _, ...row }) => row),
    { task: 'own' },
  )
  assert.throws(() => withoutJudge.accuracy('verifier'), {
    name: 'UserError',
    message:
      'selector verifier: expected a task with a judge of answers, found own, which has none. Choose another selector, e.g. q, or define the task with a judge.',
  })
  const recording = recordingOf(ROWS)
  assert.throws(() => recording.accuracy('guided'), {
    name: 'UserError',
    message: /expected a recording of guided particles/,
  })
  assert.throws(() => recording.accuracy('vot' as Selector), { name: 'UserError', message: /Did you mean vote\?/ })
  assert.throws(() => recording.accuracy('q', { depth: 4 }), {
    name: 'UserError',
    message: 'depth: expected a whole number from 1 to 3, as recorded, found 4. Record again with depth 4.',
  })
  assert.throws(() => recording.select('q', { rollouts: 0 }), { name: 'UserError', message: /rollouts: .*found 0\.$/ })
})

test('batches of any size, refilled or not, give the same recording in the same order', () => {
  const rowsOf = (recording: Recording): string[] => recording.table().toArray().map(String)
  const answersOf = (recording: Recording): string[] => recording.answers().toArray().map(String)
  const whole = recordingOf(ROWS)
  for (const size of [1, 2, 5, 7])
    for (const refills of [false, true]) {
      const split = recordingOf(ROWS, {}, { size, refills })
      assert.deepEqual(rowsOf(split), rowsOf(whole))
      assert.deepEqual(answersOf(split).sort(), answersOf(whole).sort())
    }
})
