import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../lib/random.js'
import fc from './fast-check.js'

test('one key gives one stream, and different keys give different ones', () => {
  const draws = (random: Random): number[] => Array.from({ length: 8 }, () => random.int(1 << 30))
  assert.deepEqual(draws(Random.of(1, 'a')), draws(Random.of(1, 'a')))
  const keys: (number | string)[][] = [
    [1],
    [2],
    ['1'],
    [1, 'a'],
    ['a', 1],
    [1, 'b'],
    [0.5],
    [-1],
    ['ab'],
    ['a', 'b'],
    [2 ** 40],
  ]
  const seen = new Set(keys.map((key) => draws(Random.of(...key)).join()))
  assert.equal(seen.size, keys.length)
})

test('a stream goes on exactly from its state', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(50), (seed, skip) => {
      const random = Random.of(seed)
      for (let i = 0; i < skip; i++) random.float()
      const copy = Random.fromState(JSON.parse(JSON.stringify(random.state())) as number[])
      for (let i = 0; i < 5; i++) assert.equal(copy.normal(), random.normal())
    }),
  )
})

test('integers stay below their bound and reach all values', () => {
  const random = Random.of(7)
  const counts = new Array<number>(6).fill(0)
  for (let i = 0; i < 6000; i++) counts[random.int(6)]!++
  assert.ok(
    counts.every((count) => count > 850 && count < 1150),
    counts.join(),
  )
})

test('normal numbers have mean 0 and deviation 1, uniform ones lie in [0, 1)', () => {
  const random = Random.of(8)
  const values = Array.from({ length: 50_000 }, () => random.normal())
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)
  assert.ok(Math.abs(mean) < 0.02 && Math.abs(deviation - 1) < 0.02, `${mean} ${deviation}`)
  assert.ok(Array.from({ length: 1000 }, () => random.float()).every((v) => v >= 0 && v < 1))
})

test('a shuffle keeps every item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const shuffled = Random.of(seed).shuffle([...items])
      assert.deepEqual(
        [...shuffled].sort((a, b) => a - b),
        [...items].sort((a, b) => a - b),
      )
    }),
  )
})
