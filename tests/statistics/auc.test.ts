import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auc } from '../../lib/statistics/auc.js'

test('the AUC is the share of pairs in which the positive case scores higher, ties counted as half', () => {
  // Pairs: (3,1) (3,2) (2,1) higher, (2,2) tied: 3.5 of 4.
  assert.equal(auc([3, 2, 1, 2], [1, 1, 0, 0])!.value, 3.5 / 4)
  assert.equal(auc([1, 2, 3, 4], [0, 0, 1, 1])!.value, 1)
  assert.equal(auc([1, 2, 3, 4], [1, 1, 0, 0])!.value, 0)
  assert.equal(auc([5, 5, 5], [1, 0, 0])!.value, 0.5)
})

test('the interval of an AUC contains it, is the same for the same seed, and is absent without resamples', () => {
  const scores = Array.from({ length: 60 }, (_, i) => (i * 37) % 60)
  const positive = scores.map((score, i) => score + ((i * 13) % 30) > 45)
  const found = auc(scores, positive, { seed: 4 })!
  assert.ok(found.low! < found.value && found.value < found.high!)
  assert.deepEqual(auc(scores, positive, { seed: 4 }), found)
  assert.equal(auc(scores, positive, { resamples: 0 })!.low, null)
})

test('cases of one kind have no AUC, and a score that is not a number is refused', () => {
  assert.equal(auc([1, 2], [1, 1]), null)
  assert.equal(auc([], []), null)
  assert.throws(() => auc([1, Number.NaN], [1, 0]), /NaN/)
  assert.throws(() => auc([1, 2], [1]), /2 cases/)
})
