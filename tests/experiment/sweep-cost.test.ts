import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { runWork } from '../../lib/experiment/estimate/work.js'
import {
  costText,
  guessWork,
  runSeconds,
  type SweepCost,
  scaledSeconds,
  sharedSeconds,
} from '../../lib/experiment/sweep/cost.js'
import { confirmCost } from '../../lib/experiment/sweep/guard.js'
import { workShare } from '../../lib/experiment/sweep/halving.js'
import { measuredRows } from '../../lib/experiment/sweep/measure.js'
import { type ConfigInput, sudoku } from '../../lib/index.js'

const data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 20, seed: 3 })
const work = (input: ConfigInput = {}) =>
  runWork(parseConfig({ hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 100, evalEvery: 40, ...input }), data)

const cost: SweepCost = {
  ...{ runs: 6, stored: 2, failed: 0, left: 4, workers: 2, threads: 1 },
  ...{ seconds: 100, measured: true, diskBytes: 12e6, memoryBytes: 61e6 },
}

test('the cost of a sweep is one line: runs, processes, time, disk, memory', () => {
  assert.equal(
    costText(cost),
    '6 runs: 2 stored, 4 to train · 2 workers × 1 thread · about 1:40 · 12 MB of disk · 61 MB of memory each',
  )
  assert.equal(costText({ ...cost, runs: 3, stored: 2, failed: 1, left: 0 }), '3 runs: 2 stored, 1 failed, 0 to train')
  const guessed = { ...cost, runs: 1, stored: 0, left: 1, workers: 1, threads: 2, measured: false, memoryBytes: null }
  assert.equal(
    costText({ ...guessed, seconds: 20 }),
    '1 run: 1 to train · 1 worker × 2 threads · probably less than a minute · 12 MB of disk',
  )
  assert.match(costText({ ...guessed, seconds: 100 }), /very roughly 1:40/)
})

test('workers take the next run when they are free, so a sweep is as long as the busiest of them', () => {
  assert.equal(sharedSeconds([3, 3, 3, 3], 2), 6)
  assert.equal(sharedSeconds([5, 1, 1, 1], 2), 5)
  assert.equal(sharedSeconds([1, 1, 5], 2), 6)
  assert.equal(sharedSeconds([2, 3], 1), 5)
  assert.equal(sharedSeconds([2], 8), 2)
})

test('the seconds of a run are those of its steps and of the evaluations that are left', () => {
  // Evaluations after steps 40, 80 and 100.
  assert.equal(runSeconds(work(), { step: 1, evaluation: 10 }), 130)
  assert.equal(runSeconds(work(), { step: 1, evaluation: 10 }, 50), 70)
  assert.equal(runSeconds(work(), { step: 1, evaluation: 10 }, 100), 0)
})

test('work that is not measured is scaled from the measured one of the nearest cost', () => {
  const [small, large, larger] = [work(), work({ hidden: 64 }), work({ hidden: 80 })]
  const measured = [
    { work: small, seconds: { step: 1, evaluation: 2 } },
    { work: large, seconds: { step: 10, evaluation: 20 } },
  ]
  assert.deepEqual(scaledSeconds(work({ seed: 5 }), measured), { step: 1, evaluation: 2 })
  const ratio = larger.macs.step / large.macs.step
  assert.ok(Math.abs(scaledSeconds(larger, measured).step - 10 * ratio) < 1e-9)
})

test('a guess grows with the arithmetic of a run, and has no evaluation where nothing is evaluated', async () => {
  assert.ok(guessWork(work({ hidden: 256 })).step > guessWork(work()).step)
  const none = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 0, seed: 3 })
  assert.equal(guessWork(runWork(work().config, none)).evaluation, 0)
})

test('a step is measured with its whole batch, and one that takes minutes with a part of its rows', () => {
  assert.equal(measuredRows(work()), 8)
  assert.equal(measuredRows(work({ batch: 512 })), 512)
  const long = work({ batch: 4096, hidden: 256, T: 3, n: 6 })
  const rows = measuredRows(long)
  assert.ok(rows < 4096 && rows >= 8, String(rows))
  assert.ok(guessWork(work({ batch: rows, hidden: 256, T: 3, n: 6 })).step <= 5.01)
})

test('successive halving makes a third of the steps with its defaults', () => {
  // 1/9 of all, then a third until 1/3, then a ninth until the end.
  assert.ok(Math.abs(workShare({}) - (1 / 9 + (2 / 9) * (1 / 3) + (2 / 3) * (1 / 9))) < 1e-12)
  assert.equal(workShare({ factor: 2, rungs: 1 }), 0.75)
})

test('a sweep above the set time starts only after a yes', async () => {
  const questions: string[] = []
  const answering = (answer: string) => (question: string) => {
    questions.push(question)
    return Promise.resolve(answer)
  }
  const long = { ...cost, seconds: 1801 }
  await confirmCost({ ...cost, seconds: 1800 }, 30, answering('n'))
  assert.deepEqual(questions, [])
  await confirmCost(long, 30, answering(' Y '))
  assert.deepEqual(questions, ['Train 4 runs in about 30:01? [y/N] '])
  await confirmCost(long, 30, null)
  // A front end that cannot ask, and a stop while it asks.
  await confirmCost(long, 30, () => Promise.resolve(null))
  const stop = new AbortController()
  const asking = confirmCost(long, 30, () => new Promise(() => {}), stop.signal)
  stop.abort()
  await asking
  await assert.rejects(confirmCost(long, 30, answering('')), /expected y, to start it, found "".*Nothing was trained/)
})
