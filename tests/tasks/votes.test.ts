import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VoteCount } from '../../lib/tasks/votes.js'

const tasks = [
  {
    name: 'sums',
    inputs: [
      { question: '1+1', answer: '2' },
      { question: '1+2', answer: '3' },
      { question: '1+1', answer: '2' },
    ],
  },
  { name: 'open', inputs: [{ question: '?', answer: null }] },
]

test('votes are counted for the answers of any task, by question, and ranked by votes, then halting probability', () => {
  const votes = new VoteCount(tasks)
  votes.begin()
  const vote = (input: number | undefined, answer: string, halt: number): void =>
    votes.add('sums', input, () => answer, halt)
  vote(0, '3', 0.9)
  vote(votes.inputOf('sums', '1+1'), '2', 0.25)
  vote(2, '2', 0.75)
  vote(1, '4', 0.5)
  vote(1, '3', 0.6)
  assert.deepEqual(votes.candidates('sums', 2), [
    { answer: '2', votes: 2, haltProbability: 0.5, correct: true },
    { answer: '3', votes: 1, haltProbability: 0.9, correct: false },
  ])
  assert.deepEqual(
    votes.candidates('sums', 1, 1).map(({ answer }) => answer),
    ['3'],
  )
  const { pass, tasks: perTask, scored, predictions, unmatched } = votes.result([1])
  assert.deepEqual([pass, scored, predictions, unmatched], [{ 'pass@1': 1 }, 1, 5, 0])
  assert.deepEqual(perTask[0], { task: 'sums', inputs: 3, votes: 5, candidates: 4, pass: { 'pass@1': 1 } })
})

test('a prediction for no test input is counted as unmatched, and its answer is not worked out', () => {
  const votes = new VoteCount(tasks)
  const never = (): string => assert.fail('an answer to no question')
  votes.add('sums', votes.inputOf('sums', '2+2'), never, 1)
  votes.add('sums', 3, never, 1)
  votes.add('products', 0, never, 1)
  assert.deepEqual([votes.result().unmatched, votes.result().predictions], [3, 0])
})

test('a task whose answer is withheld has candidates that are neither right nor wrong', () => {
  const votes = new VoteCount(tasks)
  votes.add('open', 0, () => 'x', 1)
  assert.deepEqual(votes.candidates('open', 0), [{ answer: 'x', votes: 1, haltProbability: 1, correct: null }])
  assert.equal(votes.result().tasks[1]!.pass, null)
})

test('test inputs without votes count as wrong, or are left out with their tasks', () => {
  const two = [...tasks, { name: 'more', inputs: [{ question: '2+2', answer: '4' }] }]
  const resultOf = (votedOnly: boolean) => {
    const votes = new VoteCount(two, { votedOnly })
    votes.begin()
    votes.add('sums', 1, () => '3', 0.5)
    return votes.result([1])
  }
  assert.deepEqual([resultOf(false).pass, resultOf(false).scored], [{ 'pass@1': 1 / 6 }, 2])
  const { pass, scored, tasks: perTask } = resultOf(true)
  assert.deepEqual([pass, scored], [{ 'pass@1': 1 }, 1])
  assert.deepEqual(
    perTask.map(({ inputs }) => inputs),
    [1, 0, 0],
  )
})
