import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CurveRow } from '../../lib/recording/curves.js'
import type { Recording } from '../../lib/recording/recording.js'
import type { Selector } from '../../lib/recording/selectors.js'
import { passAtK } from '../../lib/statistics/pass-at-k.js'
import fc from '../fast-check.js'
import { type Row, recordingOf } from './fixture.js'
import { rolloutDefaults } from './settings.js'

const SELECTED: readonly Selector[] = ['q', 'first', 'vote', 'residual', 'margin', 'verifier']
const [PUZZLES, ROLLOUTS, DEPTH] = [5, 6, 5]

/** Rollouts drawn at random, some of which leave early. */
const recordings: fc.Arbitrary<Recording> = fc
  .array(
    fc.record({
      steps: fc.array(
        fc.record({
          answer: fc.constantFrom('R', 'A', 'B', 'C'),
          q: fc.integer({ min: -4, max: 3 }),
          delta: fc.integer({ min: 0, max: 8 }).map((n) => n / 8),
          margin: fc.integer({ min: 0, max: 8 }),
        }),
        { minLength: 1, maxLength: DEPTH },
      ),
    }),
    { minLength: PUZZLES * ROLLOUTS, maxLength: PUZZLES * ROLLOUTS },
  )
  .map((rollouts) => {
    const rows = rollouts.flatMap(({ steps }, i) =>
      steps.map((step, at): Row => {
        const place = { puzzle: Math.floor(i / ROLLOUTS), rollout: i % ROLLOUTS, step: at + 1 }
        return { ...place, ...step, valid: step.answer === 'R' }
      }),
    )
    return recordingOf(rows, { settings: { ...rolloutDefaults, depth: DEPTH, rollouts: ROLLOUTS } }, { size: 7 })
  })

const runs = { numRuns: 15 }

test('the oracle is right wherever any selector but halt-first is, and grows with the rollouts', () => {
  fc.assert(
    fc.property(recordings, fc.integer({ min: 1, max: DEPTH }), (recording, depth) => {
      const oracle = (rollouts: number): number => recording.accuracy('oracle', { depth, rollouts }).value
      for (let rollouts = 1; rollouts <= ROLLOUTS; rollouts++) {
        for (const selector of SELECTED)
          if (selector !== 'first')
            assert.ok(recording.accuracy(selector, { depth, rollouts }).value <= oracle(rollouts), selector)
        if (rollouts > 1) assert.ok(oracle(rollouts) >= oracle(rollouts - 1))
      }
      assert.equal(recording.passAtK(ROLLOUTS, { depth }).value, oracle(ROLLOUTS))
    }),
    runs,
  )
})

test('with one rollout every selector chooses its last row, and halt-first the one at which it halts', () => {
  fc.assert(
    fc.property(recordings, (recording) => {
      const chosen = (selector: Selector): string[] =>
        recording
          .select(selector, { rollouts: 1 })
          .toArray()
          .map(({ rollout, step }) => `${rollout}.${step}`)
      for (const selector of SELECTED)
        if (selector !== 'first') assert.deepEqual(chosen(selector), chosen('oracle'), selector)
      for (const { qHalt, step } of recording.select('first', { rollouts: 1 }).toArray())
        assert.ok(qHalt >= 0 || step >= 1)
    }),
    runs,
  )
})

test('pass@k grows with k', () => {
  fc.assert(
    fc.property(recordings, (recording) => {
      const values = Array.from({ length: ROLLOUTS }, (_, i) => recording.passAtK(i + 1).value)
      for (const [i, value] of values.slice(1).entries()) assert.ok(value >= values[i]! - 1e-12)
    }),
    runs,
  )
})

test('pass@k equals 1 − C(n − c, k) / C(n, k), also for thousands of samples', () => {
  const choose = (n: number, k: number): bigint => {
    let value = 1n
    for (let i = 0; i < k; i++) value = (value * BigInt(n - i)) / BigInt(i + 1)
    return n < k ? 0n : value
  }
  const scale = 10n ** 18n
  for (const [n, right, k] of [
    [3, 1, 1],
    [25, 3, 10],
    [100, 1, 100],
    [100, 99, 2],
    [1000, 2, 500],
    [5000, 40, 7],
    [5000, 1, 2500],
  ] as const) {
    const exact = Number(scale - (scale * choose(n - right, k)) / choose(n, k)) / 1e18
    assert.ok(Math.abs(passAtK(n, right, k) - exact) < 1e-12, `${n} ${right} ${k}`)
  }
  assert.equal(passAtK(10, 0, 10), 0)
  assert.equal(passAtK(10, 1, 10), 1)
  assert.throws(() => passAtK(10, 1, 11), RangeError)
})

/** Two puzzles: right from step 3 in rollout 0, and never; rollout 1 leaves after step 2. */
const CURVE: readonly Row[] = [0, 1].flatMap((puzzle) =>
  [0, 1].flatMap((rollout) =>
    Array.from({ length: rollout === 0 ? 4 : 2 }, (_, i): Row => {
      const isRight = puzzle === 0 && rollout === 0 && i >= 2
      return {
        puzzle,
        rollout,
        step: i + 1,
        answer: isRight ? 'R' : 'a',
        q: isRight ? 1 : -1 - rollout,
        valid: isRight,
      }
    }),
  ),
)
const curve = (): Recording => recordingOf(CURVE, { settings: { ...rolloutDefaults, depth: 4, rollouts: 2 } })

const brief = ({ select, depth, rollouts, steps, macs, value }: CurveRow): string =>
  `${select} ${depth}×${rollouts}: ${steps} steps, ${macs} MAC, ${value}`

test('a curve along the depth has the powers of two, with the compute behind each point', () => {
  assert.deepEqual(curve().curveRows().map(brief), [
    'q 1×2: 2 steps, 2000 MAC, 0',
    'q 2×2: 4 steps, 4000 MAC, 0',
    'q 4×2: 6 steps, 6000 MAC, 0.5',
  ])
  assert.deepEqual(curve().curveRows({ x: 'rollouts', depth: 3 }).map(brief), [
    'q 3×1: 3 steps, 3000 MAC, 0.5',
    'q 3×2: 5 steps, 5000 MAC, 0.5',
  ])
})

test('halt-first costs the steps until a rollout halts', () => {
  // Puzzle 0 halts at step 3: three steps and two; puzzle 1 never: four and two.
  assert.deepEqual(curve().curveRows({ select: 'first', depth: 4 }).map(brief), ['first 4×2: 5.5 steps, 5500 MAC, 0.5'])
})

test('a surface has every selector, depth and number of rollouts that were asked for', () => {
  const rows = curve().surfaceRows({ select: ['q', 'pass@k'], depth: 'all', rollouts: [1, 2] })
  assert.equal(rows.length, 2 * 4 * 2)
  assert.deepEqual(rows.at(-1)!.value, 0.5)
  assert.equal(curve().surfaceRows().length, 3 * 2)
  assert.ok(rows.every(({ low, high, value, n }) => low! <= value && value <= high! && n === 2))
})

test('seconds are in proportion to the rows computed', () => {
  const recording = curve()
  const { seconds } = recording.facts
  const [row] = recording.curveRows({ x: 'seconds', depth: 4 })
  assert.ok(Math.abs(row!.seconds - seconds.computing / 2) < 1e-9)
})

test('a curve over MACs of a model whose MACs are unknown is refused', () => {
  const recording = recordingOf(CURVE, { settings: { ...rolloutDefaults, depth: 4, rollouts: 2 }, macsPerStep: null })
  assert.throws(() => recording.curveRows({ x: 'macs' }), {
    name: 'UserError',
    message: /x: expected depth, rollouts or seconds/,
  })
  assert.equal(recording.curveRows()[0]!.macs, null)
  assert.throws(() => recording.curveRows({ x: 'steps' as 'depth' }), {
    name: 'UserError',
    message: 'x: expected depth, rollouts, macs, seconds, found steps.',
  })
})

test('recordings of the same puzzles and weights are compared pair by pair', () => {
  const better = CURVE.map((row): Row => (row.rollout === 0 && row.step === 4 ? { ...row, answer: 'R', q: 2 } : row))
  const settings = { ...rolloutDefaults, depth: 4, rollouts: 2 }
  const { a, b, difference } = recordingOf(better, { settings }).compare(curve())
  assert.deepEqual(
    [a.value, b.value, difference.value, difference.n, difference.test],
    [1, 0.5, 0.5, 2, 'exact McNemar'],
  )
})

test('a recording of other data, puzzles or weights is refused by name', () => {
  const settings = { ...rolloutDefaults, depth: 4, rollouts: 2 }
  const other = (changes: Parameters<typeof recordingOf>[1]): Recording => recordingOf(CURVE, { settings, ...changes })
  const refused = (changes: Parameters<typeof recordingOf>[1], message: string): void =>
    assert.throws(() => curve().compare(other(changes)), { name: 'UserError', message })
  refused(
    { data: { name: 'maze', hash: 'e'.repeat(64) } },
    'compare: expected a recording of the same data, sudoku 2×2 (dddddddddddd), found a recording of other data, maze (eeeeeeeeeeee).',
  )
  refused(
    { weights: { name: 'big', hash: 'b'.repeat(64) } },
    'compare: expected a recording of the same weights, tiny (wwwwwwwwwwww), found a recording of other weights, big (bbbbbbbbbbbb).',
  )
  refused(
    { split: 'train' },
    'compare: expected a recording of the same split, test, found a recording of other split, train.',
  )
})
