import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { parseConfig } from '../../lib/config/parse.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { evaluationsUntil, RunTimes } from '../../lib/experiment/estimate/run-times.js'
import { type RunWork, runWork } from '../../lib/experiment/estimate/work.js'
import { type Dataset, sudoku } from '../../lib/index.js'

let data: Dataset
before(async () => {
  await startBackend()
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 100, evalEvery: 40 } as const
const workOf = (change: ConfigInput = {}): RunWork => runWork(parseConfig({ ...base, ...change }), data)

/** Runs of which every step and evaluation takes as long as told, in seconds. */
function simulated(works: readonly RunWork[], before: readonly number[] = []) {
  let clock = 0
  const times = new RunTimes(works, before)
  return {
    times,
    steps(from: number, to: number, seconds: number): void {
      for (let step = from; step <= to; step++) {
        clock += seconds
        times.step(step, clock)
      }
    },
    piece(seconds: number): void {
      times.takes('evaluation', seconds)
    },
    evaluation(step: number, seconds: number): void {
      for (let done = 0; done <= 10; done++) times.evaluating(step, done, 10, (seconds * done) / 10)
    },
  }
}

const near = (actual: number | undefined, expected: number): void =>
  assert.ok(Math.abs(actual! - expected) < 1e-6, `${actual}, not ${expected}`)

test('a run evaluates at every multiple of its interval and at its end', () => {
  const work = workOf()
  assert.deepEqual(
    [0, 39, 40, 99, 100].map((step) => evaluationsUntil(work, step)),
    [0, 0, 1, 2, 3],
  )
  assert.equal(evaluationsUntil(workOf({ evalEvery: 50 }), 100), 2)
  assert.equal(evaluationsUntil({ ...work, evaluated: 0 }, 100), 0)
})

test('nothing is said of the time to go before a second of steps, however long the first step takes', () => {
  const { times, steps, piece } = simulated([workOf()])
  assert.equal(times.left(), null)
  times.start(0)
  steps(1, 1, 30)
  assert.equal(times.left(), null, 'by the first step alone the run would take an hour')
  steps(2, 3, 0.4)
  assert.equal(times.left(), null)
  piece(5)
  steps(4, 4, 0.4)
  near(times.left()?.seconds, 96 * 0.4 + 3 * 5)
  assert.equal(times.left()?.rough, false)
})

test('two slow steps are enough, and steps that become faster are told by the later ones', () => {
  const slow = simulated([workOf()])
  slow.times.start(0)
  slow.steps(1, 2, 20)
  slow.piece(3)
  near(slow.times.left()?.seconds, 98 * 20 + 3 * 3)
  const faster = simulated([workOf({ evalEvery: 1000, trainSteps: 1000 })])
  faster.times.start(0)
  faster.piece(2)
  faster.steps(1, 10, 0.5)
  faster.steps(11, 200, 0.1)
  near(faster.times.left()?.seconds, 800 * 0.1 + 2)
})

test('before an evaluation was timed its time is a guess, and the time to go is marked as rough', () => {
  const work = workOf()
  const { times, steps, evaluation } = simulated([work])
  times.start(0)
  steps(1, 10, 0.5)
  const { step, evaluation: whole } = work.macs
  near(times.left()?.seconds, 90 * 0.5 + (3 * 0.5 * whole) / step)
  assert.equal(times.left()?.rough, true)
  steps(11, 40, 0.5)
  evaluation(40, 7)
  near(times.left()?.seconds, 60 * 0.5 + 2 * 7)
  assert.equal(times.left()?.rough, false)
  // Time in an evaluation is none of the steps'.
  steps(41, 60, 0.5)
  near(times.left()?.seconds, 40 * 0.5 + 2 * 7)
})

test('in an evaluation the part that is done is not to come again', () => {
  const { times, steps, piece } = simulated([workOf()])
  times.start(0)
  piece(10)
  steps(1, 40, 0.5)
  near(times.left()?.seconds, 60 * 0.5 + 3 * 10)
  times.evaluating(40, 0, 10, 0)
  near(times.left()?.seconds, 60 * 0.5 + 3 * 10)
  times.evaluating(40, 5, 10, 6)
  // It takes 12 seconds in all, not 10.
  near(times.left()?.seconds, 60 * 0.5 + 2.5 * 12)
})

test('a run that goes on counts the steps and evaluations that are left', () => {
  const { times, steps, piece } = simulated([workOf()], [50])
  times.start(0)
  piece(4)
  steps(51, 60, 0.5)
  near(times.left()?.seconds, 40 * 0.5 + 2 * 4)
})

test('runs of the same work share what the first has measured; what another one takes follows roughly', () => {
  const [one, other, deep] = [workOf(), workOf({ seed: 1, lr: 0.1 }), workOf({ T: 3, seed: 2 })]
  assert.equal(one.key, other.key)
  assert.notEqual(one.key, deep.key)
  const finished = workOf({ seed: 3 })
  const { times, steps, piece } = simulated([one, other, deep, finished], [0, 60, 0, 100])
  times.start(0)
  assert.equal(times.left(4), null)
  steps(1, 4, 0.5)
  piece(4)
  const ratio = (of: 'step' | 'evaluation'): number => deep.macs[of] / one.macs[of]
  const expected = 96 * 0.5 + 3 * 4 + (40 * 0.5 + 2 * 4) + (100 * 0.5 * ratio('step') + 3 * 4 * ratio('evaluation'))
  near(times.left(4)?.seconds, expected)
  assert.equal(times.left(4)?.rough, true)
  assert.equal(times.left()?.rough, false)
  assert.equal(times.left(2)?.rough, false)
  times.start(1)
  near(times.left()?.seconds, 40 * 0.5 + 2 * 4)
})

test('a step costs more with more rows, tokens, blocks and gradient, an evaluation with more puzzles', async () => {
  const macs = (change: ConfigInput) => workOf(change).macs
  const small = macs({})
  near(macs({ batch: 16 }).step / small.step, 2)
  const [rows, passes] = [base.batch, 10 * base.K]
  // With one latent recursion every update carries gradient, which costs twice as much again.
  near(small.step / rows / (small.evaluation / passes), 3)
  const [twice, thrice] = [macs({ T: 2 }), macs({ T: 3 })]
  near(thrice.evaluation - twice.evaluation, twice.evaluation - small.evaluation)
  // One of three latent recursions carries gradient: the others cost as much as in an evaluation.
  near((thrice.step - small.step) / rows, (thrice.evaluation - small.evaluation) / passes)
  assert.ok(macs({ hidden: 64 }).step > 2 * small.step)
  const more = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 30, seed: 3 })
  near(runWork(parseConfig(base), more).macs.evaluation / small.evaluation, 3)
})
