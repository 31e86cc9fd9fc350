import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Grid, TestTask } from '../../lib/data/dataset.js'
import { evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { listedIdentifiers } from '../../lib/data/identifiers.js'
import { writeFileAtomic } from '../../lib/files/atomic.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { encodeGrid } from '../../lib/tasks/arc/encode.js'
import { flatten } from '../../lib/tasks/arc/grid.js'
import { submissionText } from '../../lib/tasks/arc/submission.js'
import { applyVersion, parseVersionName } from '../../lib/tasks/arc/version.js'
import { ArcVotes } from '../../lib/tasks/arc/votes.js'
import { votesOf as countOf } from '../../lib/tasks/registry.js'
import { temporaryFolder } from '../data/helpers.js'
import fc from '../fast-check.js'

const folder = temporaryFolder()
const BOARD = 6
const names = ['<blank>', 'a', 'a|||t1|||0213456789', 'a|||t6|||0912345678', 'b', 'b|||t4|||0123456798']
const identifiers = listedIdentifiers(names)
const [right, wrong, other]: Grid[] = [[[1, 2]], [[3], [4]], [[5]]]
const tasks: TestTask[] = [
  {
    name: 'a',
    pairs: [
      { input: [[7, 8, 0]], output: right! },
      { input: [[7, 8, 1]], output: other! },
    ],
  },
  { name: 'b', pairs: [{ input: [[9]], output: right! }] },
]

/** A grid on a board, as a model that is asked under an identifier would give it. */
function seen(name: string, grid: Grid): Uint8Array {
  const board = new Uint8Array(BOARD * BOARD)
  encodeGrid(applyVersion(flatten(grid), parseVersionName(name, 'test').code), BOARD, 0, 0, board, 0)
  return board
}

function votesOf(given: [identifier: number, test: number, grid: Grid, halt: number][], carryVotes = false): ArcVotes {
  const votes = new ArcVotes(tasks, { identifiers, board: BOARD, carryVotes })
  votes.begin()
  addAll(votes, given)
  return votes
}

function addAll(votes: ArcVotes, given: [identifier: number, test: number, grid: Grid, halt: number][]): void {
  for (const [identifier, index, grid, probability] of given)
    votes.add({ identifier, test: index, tokens: seen(names[identifier]!, grid), halt: { probability } })
}

test('predictions under any version vote for the grid behind them', () => {
  const votes = votesOf([
    [1, 0, right!, 0.2],
    [2, 0, right!, 0.4],
    [3, 0, wrong!, 0.9],
  ])
  const [first, second] = votes.candidates('a', 0)
  assert.deepEqual(first, { grid: right, votes: 2, haltProbability: 0.6000000000000001 / 2, correct: true })
  assert.deepEqual(second, { grid: wrong, votes: 1, haltProbability: 0.9, correct: false })
  assert.deepEqual(votes.candidates('nobody', 0), [])
})

test('equal numbers of votes are ranked by mean halting probability, equal ones of that as first predicted', () => {
  const order = (given: [number, number, Grid, number][]): Grid[] =>
    votesOf(given)
      .candidates('b', 0)
      .map(({ grid }) => grid)
  assert.deepEqual(
    order([
      [4, 0, wrong!, 0.5],
      [5, 0, right!, 0.6],
    ]),
    [right, wrong],
  )
  assert.deepEqual(
    order([
      [4, 0, wrong!, 0.5],
      [5, 0, right!, 0.5],
      [5, 0, other!, 0.5],
    ]),
    [wrong, right, other],
  )
  assert.deepEqual(
    order([
      [4, 0, wrong!, 0.9],
      [4, 0, right!, 0.1],
      [5, 0, right!, 0.1],
    ]),
    [right, wrong],
  )
})

test('pass@k is averaged over the test inputs of a task, then over tasks; inputs without a prediction count as wrong', () => {
  const votes = votesOf([
    [1, 0, wrong!, 0.5],
    [2, 0, right!, 0.4],
    [4, 0, right!, 0.1],
  ])
  const { pass, tasks: perTask, scored, predictions } = votes.result([1, 2])
  assert.deepEqual(perTask[0], { task: 'a', inputs: 2, votes: 2, candidates: 2, pass: { 'pass@1': 0, 'pass@2': 0.5 } })
  assert.deepEqual(perTask[1]!.pass, { 'pass@1': 1, 'pass@2': 1 })
  assert.deepEqual(pass, { 'pass@1': 0.5, 'pass@2': 0.75 })
  assert.equal(scored, 2)
  assert.equal(predictions, 3)
  assert.deepEqual(Object.keys(votes.result().pass!), [
    'pass@1',
    'pass@2',
    'pass@5',
    'pass@10',
    'pass@100',
    'pass@1000',
  ])
})

test('the test input follows from the board that the model was given just as from its number', () => {
  const anyVote = fc.record({
    id: fc.integer({ min: 1, max: 5 }),
    index: fc.nat(1),
    grid: fc.constantFrom(right!, wrong!, other!),
    logit: fc.double({ min: -5, max: 5, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(anyVote, { maxLength: 30 }), (given) => {
      const [byNumber, byBoard] = [0, 1].map(() => new ArcVotes(tasks, { identifiers, board: BOARD }))
      for (const { id, index, grid, logit } of given) {
        const name = names[id]!
        const { pairs } = tasks[id < 4 ? 0 : 1]!
        const number = index % pairs.length
        const tokens = seen(name, grid)
        byNumber!.add({ identifier: id, test: number, tokens, halt: { probability: 1 / (1 + Math.exp(-logit)) } })
        byBoard!.add({ identifier: name, test: seen(name, pairs[number]!.input), tokens, halt: { logit } })
      }
      assert.deepEqual(byBoard!.result(), byNumber!.result())
      assert.equal(submissionText(byBoard!.submission()), submissionText(byNumber!.submission()))
    }),
  )
})

test('what no test input is asked by is counted apart; padding is passed over', () => {
  const votes = votesOf([])
  votes.add({ identifier: 0, test: 0, tokens: [], halt: { probability: 1 } })
  votes.add({ identifier: 'stranger', test: 0, tokens: seen('a', right!), halt: { probability: 1 } })
  votes.add({ identifier: 'a', test: 2, tokens: seen('a', right!), halt: { probability: 1 } })
  votes.add({ identifier: 'a', test: seen('a', wrong!), tokens: seen('a', right!), halt: { probability: 1 } })
  const { predictions, unmatched } = votes.result()
  assert.deepEqual({ predictions, unmatched }, { predictions: 0, unmatched: 3 })
})

test('a halting probability that is no number counts as 0, and an empty board is a candidate like others', () => {
  const votes = votesOf([[4, 0, right!, Number.NaN]])
  votes.add({ identifier: 4, test: 0, tokens: new Uint8Array(BOARD * BOARD), halt: { probability: 0.1 } })
  assert.deepEqual(
    votes.candidates('b', 0).map(({ grid, haltProbability }) => [grid, haltProbability]),
    [
      [[], 0.1],
      [right, 0],
    ],
  )
})

test('an evaluation forgets the votes of the one before, unless they are carried over, which is recorded', () => {
  const both = (carry: boolean): ReturnType<ArcVotes['result']> => {
    const votes = votesOf(
      [
        [4, 0, wrong!, 0.5],
        [4, 0, wrong!, 0.5],
      ],
      carry,
    )
    votes.begin()
    addAll(votes, [[4, 0, right!, 0.5]])
    return votes.result([1])
  }
  assert.deepEqual(both(false).tasks[1]!.pass, { 'pass@1': 1 })
  assert.equal(both(false).carriedEvaluations, 0)
  assert.equal(both(false).predictions, 1)
  assert.deepEqual(both(true).tasks[1]!.pass, { 'pass@1': 0 })
  assert.equal(both(true).carriedEvaluations, 1)
  assert.equal(both(true).predictions, 3)
})

test('equal test inputs of a task are one question', () => {
  const twice: TestTask[] = [{ name: 'a', pairs: [tasks[0]!.pairs[0]!, tasks[0]!.pairs[0]!] }]
  const votes = new ArcVotes(twice, { identifiers, board: BOARD })
  votes.add({ identifier: 1, test: 1, tokens: seen('a', right!), halt: { probability: 1 } })
  assert.deepEqual(votes.result([1]).pass, { 'pass@1': 1 })
  assert.equal(votes.result([1]).tasks[0]!.votes, 1)
})

test('tasks without known answers are left out of pass@k and stay in the submission', () => {
  const unknown: TestTask = { name: 'b', pairs: [{ input: [[9]], output: null }] }
  const votes = new ArcVotes([tasks[0]!, unknown], { identifiers, board: BOARD })
  addAll(votes, [
    [1, 0, right!, 1],
    [1, 1, other!, 1],
    [4, 0, wrong!, 1],
  ])
  const { pass, scored, tasks: perTask } = votes.result([1])
  assert.deepEqual([pass, scored, perTask[1]!.pass], [{ 'pass@1': 1 }, 1, null])
  assert.equal(votes.candidates('b', 0)[0]!.correct, null)
  assert.equal(JSON.parse(submissionText(votes.submission())).b.length, 1)
  assert.equal(new ArcVotes([unknown], { identifiers }).result([1]).pass, null)
})

test('a submission has two attempts at every input: a lone candidate fills both, [[0]] stands for none', () => {
  const votes = votesOf([
    [1, 0, wrong!, 0.5],
    [1, 0, right!, 0.6],
    [4, 0, other!, 0.5],
  ])
  const file = path.join(folder, 'submission.json')
  writeFileAtomic(file, submissionText(votes.submission()))
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
    a: [
      { attempt_1: right, attempt_2: wrong },
      { attempt_1: [[0]], attempt_2: [[0]] },
    ],
    b: [{ attempt_1: other, attempt_2: other }],
  })
  assert.throws(() => writeFileAtomic('/proc/submission.json', submissionText(votes.submission())), {
    name: 'UserError',
  })
})

test('names stay as they are in a submission, numbers and __proto__ included', () => {
  const inputs = [{ attempt_1: [[1]], attempt_2: [[2]] }]
  const text = submissionText([
    { task: '__proto__', inputs },
    { task: '10', inputs },
    { task: '9"', inputs },
  ])
  assert.match(text, /^\{"__proto__": \[.*\], "10": \[.*\], "9\\"": \[.*\]\}\n$/)
})

test('a model that is always right passes: every version of a generated data set votes for the answer', async () => {
  const data = await arc({ set: 'generated', train: 2, test: 6, board: 9, size: 9, augment: 20, seed: 1 })
  const votes = countOf(data)!
  votes.begin()
  for (const batch of evaluationBatches(data, { batch: 32 }))
    for (let row = 0; row < batch.size; row++) {
      if (batch.rows[row] === -1) continue
      const tokens = batch.labels.subarray(row * 81, (row + 1) * 81).map((token) => (token === -100 ? 0 : token))
      votes.add({ puzzle: batch.rows[row]!, version: batch.versions[row]!, prediction: tokens, haltProbability: 0.5 })
    }
  const { pass, tasks: perTask, unmatched } = votes.result([1])
  assert.equal(pass?.['pass@1'], 1)
  assert.equal(unmatched, 0)
  for (const { inputs, votes, candidates } of perTask) {
    assert.equal(candidates, inputs)
    assert.ok(votes % inputs === 0 && votes <= 21 * inputs)
  }
  assert.equal(votes.submission().includes('[[0]], '), false)
})
