import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dataset, Split } from '../../lib/data/dataset.js'
import { subsetOf } from '../../lib/experiment/think/subset.js'

const split = (name: 'train' | 'test', count: number): Split => ({ name, count }) as Split
const data = { hash: 'ab', train: split('train', 30), test: split('test', 1000) } satisfies Partial<Dataset>

test('a number of puzzles is a draw that never changes, contains the smaller draws, and says so in its name', () => {
  const small = subsetOf(data, 10)
  const large = subsetOf(data, 50)
  assert.equal(small.name, '10 of 1,000 test puzzles (drawn)')
  assert.ok(small.puzzles.every((puzzle) => large.puzzles.includes(puzzle)))
  assert.notDeepEqual(small.puzzles, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.deepEqual(subsetOf(data, 10), small)
})

test('the hash of a choice is that of its puzzles, whatever their order, its split and its data', () => {
  const { hash } = subsetOf(data, [3, 1])
  assert.equal(subsetOf(data, [1, 3]).hash, hash)
  const others = [subsetOf(data, [1, 2]), subsetOf(data, [1, 3], 'train'), subsetOf({ ...data, hash: 'cd' }, [1, 3])]
  assert.ok(others.every((other) => other.hash !== hash))
  assert.equal(subsetOf(data).name, 'all 1,000 test puzzles')
  assert.equal(subsetOf(data, 1000).hash, subsetOf(data).hash)
})

test('puzzles that are not there, none, and one twice are refused', () => {
  for (const [puzzles, message] of [
    [0, /1 to 1000 puzzles.*0/s],
    [1001, /1 to 1000 puzzles/],
    [2.5, /2\.5/],
    [[], /at least one index/],
    [[1000], /0 to 999.*1000/s],
    [[-1], /-1/],
    [[4, 4], /4 twice/],
  ] as const)
    assert.throws(() => subsetOf(data, puzzles), message)
})
