import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { rolloutRows } from '../../lib/experiment/estimate/memory.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { tinyShape } from '../model/tiny.js'

before(async () => void (await startBackend()))

test('rollouts that fit in memory are computed together, others in equal parts, and one that does not fit is refused', () => {
  const model = initialModel(tinyShape({}), 0)
  try {
    const all = rolloutRows(model, 100, 1e12)
    assert.equal(all.rows, 100)
    const single = rolloutRows(model, 1, 1e12)
    assert.ok(single.peakBytes < all.peakBytes)
    assert.equal(rolloutRows(model, 100, all.peakBytes / 0.8 - 10).rows, 50)
    assert.equal(rolloutRows(model, 100, single.peakBytes + 10).rows, 1)
    assert.throws(() => rolloutRows(model, 100, single.peakBytes - 10), /memory: expected at most .*one rollout/s)
  } finally {
    disposeModel(model)
  }
})
