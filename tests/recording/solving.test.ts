import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calibration, haltingBySteps } from '../../lib/recording/calibration.js'
import { alignedMotion, persistentMotion, spikesAtSolving } from '../../lib/recording/motion.js'
import { attractors, failureFlag, residualsBelow } from '../../lib/recording/residuals.js'
import { firstExact, quartiles, solvedBySteps, solvingGroups } from '../../lib/recording/solving.js'
import { joined, type Trajectories } from '../../lib/recording/trajectories.js'
import { wilson } from '../../lib/statistics/estimate.js'

/** A rollout written out by hand: one entry per supervision step. A shorter one has left early. */
interface HandPath {
  /** 1 right, 0 wrong, 255 unknown. */
  readonly exact: readonly number[]
  readonly q?: readonly number[]
  readonly deltaY?: readonly number[]
  readonly deltaZ?: readonly number[]
}

function pathsOf(paths: readonly HandPath[]): Trajectories {
  const ones = (like: readonly number[]): number[] => like.map(() => 1)
  return joined(
    paths.map(({ exact, q, deltaY, deltaZ }, puzzle) => ({
      puzzle,
      exact,
      qHalt: q ?? ones(exact),
      deltaY: deltaY ?? ones(exact),
      deltaZ: deltaZ ?? ones(exact),
    })),
  )
}

const four = pathsOf([
  { exact: [1, 1, 1, 1] },
  { exact: [0, 1, 0, 1] },
  { exact: [0, 0, 1, 0] },
  { exact: [0, 0, 0, 0] },
])

test('τ is the first supervision step whose answer is right, and 0 where there is none', () => {
  assert.deepEqual([...firstExact(four)], [1, 2, 3, 0])
})

test('puzzles are EARLY up to the trained depth, LATE beyond it, PERSISTENT without a right answer', () => {
  const groups = solvingGroups(four, 2)
  assert.deepEqual(
    groups.map(({ group, puzzles, lost, lostAtEnd }) => [group, puzzles, lost, lostAtEnd]),
    [
      ['EARLY', 2, 1, 0],
      ['LATE', 1, 1, 1],
      ['PERSISTENT', 1, 0, 0],
    ],
  )
  assert.deepEqual(groups[0]!.share, wilson(2, 4))
  assert.deepEqual(
    groups.map(({ tau }) => tau?.median ?? null),
    [1.5, 3, null],
  )
  assert.throws(() => solvingGroups(four, 0), /trained: expected/s)
})

test('cumulative accuracy never falls, and its distance to the accuracy at a step is what was lost again', () => {
  const rows = solvedBySteps(four)
  assert.deepEqual(
    rows.map(({ exact, cumulative, lost }) => [exact.value, cumulative.value, lost.value].map((share) => 4 * share)),
    [
      [1, 1, 0],
      [2, 2, 0],
      [2, 3, 1],
      [2, 3, 1],
    ],
  )
  assert.equal(solvedBySteps(four, [1])[2]!.lost.value, 1)
})

test('a rollout that left early keeps its answer and q until the last step, and has no motion there', () => {
  const left = pathsOf([{ exact: [0, 1], q: [-1, 2] }, { exact: [0, 0, 0, 0] }])
  assert.deepEqual([...left.exact], [0, 1, 1, 1, 0, 0, 0, 0])
  assert.deepEqual([...left.qHalt.subarray(0, 4)], [-1, 2, 2, 2])
  assert.ok(Number.isNaN(left.deltaY[2]!))
  assert.deepEqual([...left.steps], [2, 4])
})

test('unknown answers are left out and counted', () => {
  const found = pathsOf([{ exact: [255, 255] }, { exact: [0, 1] }])
  assert.deepEqual([found.count, found.unknown, [...found.puzzle], [...found.exact]], [1, 1, [1], [0, 1]])
  assert.throws(() => pathsOf([{ exact: [255] }]), /none with a known answer/)
  assert.throws(() => pathsOf([]), /no puzzle/)
})

test('motion is aligned at the solving step, and puzzles that are never solved are apart', () => {
  const moving = pathsOf([
    { exact: [0, 0, 1, 1], deltaY: [9, 0.2, 0.8, 0.1] },
    { exact: [0, 0, 0, 1], deltaY: [9, 0.3, 0.2, 0.6] },
    { exact: [1, 1, 1, 1], deltaY: [9, 0.1, 0.1, 0.1] },
    { exact: [0, 0, 0, 0], deltaY: [9, 0.4, 0.5, 0.6] },
  ])
  const rows = alignedMotion(moving, 'deltaY', { trained: 2, from: -1, to: 1 })
  const medians = rows.map(({ group, r, quartiles: { median, n } }) => [group, r, Number(median.toFixed(4)), n])
  assert.deepEqual(medians, [
    ['EARLY', 0, 9, 1],
    ['EARLY', 1, 0.1, 1],
    ['LATE', -1, 0.2, 2],
    ['LATE', 0, 0.7, 2],
    ['LATE', 1, 0.1, 1],
  ])
  assert.equal(persistentMotion(moving, 'deltaY')!.median.toFixed(4), '0.5000')
  assert.deepEqual(spikesAtSolving(moving, 2), { puzzles: 2, largestSoFar: 2 })
})

test('the share of residuals below a threshold is by step, without puzzles that have left', () => {
  const settling = pathsOf([
    { exact: [1, 1, 1], deltaZ: [1, 0.04, 0.001] },
    { exact: [0, 0, 0], deltaZ: [1, 0.5, 0.5] },
    { exact: [0, 1], deltaZ: [1, 0.02] },
  ])
  const rows = residualsBelow(settling, [0.1])
  assert.deepEqual(
    rows.map(({ step, share }) => [step, share.value, share.n]),
    [
      [1, 0, 3],
      [2, 2 / 3, 3],
      [3, 1 / 2, 2],
    ],
  )
  assert.throws(() => residualsBelow(settling, []), /thresholds/)
  assert.throws(() => residualsBelow(settling, [0.1, 0]), /above 0/)
})

test('a failure sits in a wrong attractor if its last residuals are below a share of the first ones', () => {
  const ends = pathsOf([
    { exact: [0, 1, 1], deltaZ: [2, 0.01, 0.02] },
    { exact: [0, 0, 0], deltaZ: [1, 0.03, 0.01] },
    { exact: [0, 0, 0], deltaZ: [1, 0.8, 0.9] },
    { exact: [0, 0, 1], deltaZ: [2, 0.5, 0.5] },
  ])
  const found = attractors(ends, { window: 2 })
  assert.ok(Math.abs(found.bound - 0.05 * 1.5) < 1e-12)
  assert.deepEqual(
    [found.puzzles, found.rightConverged, found.rightMoving, found.wrongConverged, found.wrongMoving],
    [4, 1, 1, 1, 1],
  )
  assert.deepEqual(found.wrongAttractor, wilson(1, 2))
  assert.throws(() => attractors(ends), /window: expected 1 to 2 last steps/)
})

test('the last ‖Δz‖ flags failures: its AUC is 1 where every failed puzzle moves more than every solved one', () => {
  const paths = [
    { exact: [0, 1], deltaZ: [1, 0.1] },
    { exact: [0, 0], deltaZ: [1, 0.7] },
    { exact: [1], deltaZ: [0.2] },
  ]
  assert.equal(failureFlag(pathsOf(paths))!.value, 1)
  assert.equal(failureFlag(pathsOf([{ exact: [1] }])), null)
})

test('the calibration of q is by halting probability, and its precision is of the answers with q ≥ 0', () => {
  const heads = pathsOf([
    { exact: [1], q: [2] },
    { exact: [1], q: [0] },
    { exact: [0], q: [1] },
    { exact: [1], q: [-1] },
    { exact: [0], q: [-3] },
  ])
  const found = calibration(heads, 1, 2)
  assert.deepEqual([found.precision, found.recall], [wilson(2, 3), wilson(2, 3)])
  // Right q: 2, 0, −1; wrong: 1, −3. Higher in 4 of 6 pairs.
  assert.ok(Math.abs(found.auc!.value - 4 / 6) < 1e-12)
  assert.deepEqual(
    found.bins.map(({ low, puzzles, right }) => [low, puzzles, right?.value]),
    [
      [0, 2, 1 / 2],
      [0.5, 3, 2 / 3],
    ],
  )
  const sigma = (q: number): number => 1 / (1 + Math.exp(-q))
  const off =
    (2 * Math.abs((sigma(-1) + sigma(-3)) / 2 - 1 / 2) + 3 * Math.abs((sigma(2) + 0.5 + sigma(1)) / 3 - 2 / 3)) / 5
  assert.ok(Math.abs(found.calibrationError - off) < 1e-7)
  assert.throws(() => calibration(heads, 2), /step: expected a recorded supervision step, 1 to 1/)
})

test('mean q by step is apart for puzzles that end right and wrong', () => {
  const rows = haltingBySteps(
    pathsOf([
      { exact: [0, 1], q: [-1, 3] },
      { exact: [0, 1], q: [1, 5] },
      { exact: [1, 0], q: [-2, -4] },
    ]),
  )
  assert.deepEqual(
    rows.map(({ ends, step, q }) => [ends, step, q.value]),
    [
      ['right', 1, 0],
      ['right', 2, 4],
      ['wrong', 1, -2],
      ['wrong', 2, -4],
    ],
  )
})

test('quartiles are of the finite values', () => {
  assert.deepEqual(quartiles([4, 1, 3, 2, 5, Number.NaN]), { n: 5, low: 2, median: 3, high: 4 })
  assert.equal(quartiles([Number.NaN]), null)
})

test('a model without z has no residuals', () => {
  const still = pathsOf([
    { exact: [0, 1], deltaZ: [0, 0] },
    { exact: [0, 0], deltaZ: [0, 0] },
  ])
  assert.throws(() => residualsBelow(still, [0.1]), /expected a model with a latent z/)
  assert.throws(() => attractors(still, { window: 1 }), /expected a model with a latent z/)
  assert.equal(failureFlag(still), null)
})
