import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { trainingBatches } from '../../lib/data/sampler.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { crop } from '../../lib/tasks/arc/encode.js'
import { flatten, gridKey, nested } from '../../lib/tasks/arc/grid.js'
import { parseVersionName, undoVersion } from '../../lib/tasks/arc/version.js'
import { sharedPath } from '../shared.js'
import { tokensOf } from './arc-helpers.js'

const dir = sharedPath('data/arc')
const skip = dir === null ? 'no ARC data (shared/data/arc)' : false

test('all of ARC-AGI-1 with 1,000 versions a task: counts, the one twin, some 876,000 identifiers', {
  skip,
}, async () => {
  const data = await arc({ set: 'arc-1', dir: dir!, twins: 'keep' })
  const { manifest, identifiers } = data
  assert.deepEqual(manifest.counts, { train: 1302 + 416 + 1363 + 427 + 480, test: 419 })
  assert.equal(data.testTasks!.length, 400)
  assert.match(manifest.disjoint, /kept as asked: 40853293 has a test pair of 070dd51e$/)
  assert.ok(Math.abs(identifiers.count - 876_406) < 200, String(identifiers.count))
  assert.equal(identifiers.name(1), '007bbfb7')
  assert.match(identifiers.name(identifiers.count - 1), /^TopBottom3D9\|\|\|t/)
  const batch = trainingBatches(data, { batch: 768, seed: 0 }).next()
  for (let row = 0; row < batch.size; row++) {
    assert.ok(batch.puzzleIds[row]! > 0 && batch.puzzleIds[row]! < identifiers.count)
    assert.ok(tokensOf(batch.inputs, batch, row).some((token) => token >= 2))
  }
})

test('versions of ARC-AGI-2 undone are its test pairs; the set is the same every time', { skip }, async () => {
  const order = { set: 'arc-2', dir: dir!, augment: 3 } as const
  const data = await arc(order)
  assert.deepEqual(data.manifest.counts, { train: 3232 + 1076 + 358 + 427 + 480, test: 172 })
  assert.doesNotMatch(data.manifest.disjoint, /left out/)
  assert.equal((await arc(order)).hash, data.hash)
  const { identifiers } = data
  const inputs = new Set(
    data.testTasks!.flatMap(({ name, pairs }) => pairs.map(({ input }) => `${name} ${gridKey(flatten(input))}`)),
  )
  assert.equal(inputs.size, 172)
  const met = new Set<string>()
  for (const batch of evaluationBatches(data, { batch: 256 }))
    for (let row = 0; row < batch.size; row++) {
      if (batch.rows[row] === -1) continue
      const name = identifiers.name(batch.puzzleIds[row]!)
      const { task, code } = parseVersionName(name, 'batch')
      const grid = undoVersion(crop(tokensOf(batch.inputs, batch, row), 30), code)
      const key = `${task} ${gridKey(grid)}`
      assert.ok(inputs.has(key), `${name}\n${JSON.stringify(nested(grid))}`)
      met.add(key)
    }
  assert.equal(met.size, 172)
})
