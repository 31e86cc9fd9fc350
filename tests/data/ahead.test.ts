import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type SamplerOptions, type TrainingData, trainingBatches } from '../../lib/data/sampler.js'
import { arc } from '../../lib/tasks/arc/index.js'
import { maze } from '../../lib/tasks/maze/index.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { type BatchesAhead, batchesAhead } from '../../lib/train/ahead.js'

const grids = await sudoku({ box: [2, 2], clues: 8, train: 23, test: 8 })
const options: SamplerOptions = { batch: 10, seed: 5, augment: 'fresh', intervalEpochs: 3 }

/** Draws until the thread prepares the batches, or for a while, and some more: each is that of the plain sampler. */
async function assertSame(
  batches: BatchesAhead,
  data: TrainingData,
  given: SamplerOptions,
  wait: { milliseconds: number },
): Promise<void> {
  const plain = trainingBatches(data, given)
  const compare = (): void => {
    assert.deepEqual(batches.next(), plain.next())
    assert.deepEqual(batches.state(), plain.state())
  }
  for (let i = 0; i < wait.milliseconds / 25 && !batches.ahead; i++) {
    compare()
    await setTimeout(25)
  }
  for (let i = 0; i < 20; i++) compare()
}

const tasks: [string, () => Promise<TrainingData>, SamplerOptions][] = [
  ['Sudoku', async () => grids, options],
  ['mazes', () => maze({ size: 10, train: 12, test: 2, augment: 'dihedral' }), { batch: 5, seed: 2 }],
  ['ARC', () => arc({ train: 6, test: 2, augment: 20, seed: 3 }), { batch: 16, seed: 1 }],
]
for (const [name, data, given] of tasks)
  test(`batches of ${name} that are prepared ahead are those of the sampler, and so is every position`, async () => {
    const of = await data()
    const batches = batchesAhead(of, given, 0)
    await assertSame(batches, of, given, { milliseconds: 20_000 })
    assert.equal(batches.ahead, true)
    batches.close()
    assert.equal(batches.ahead, false)
  })

test('after a restore, and after the thread was ended, batches go on from where they should', async () => {
  const batches = batchesAhead(grids, options, 0)
  await assertSame(batches, grids, options, { milliseconds: 20_000 })
  const plain = trainingBatches(grids, options)
  const position = { epoch: 7, index: 11 }
  batches.restore(position)
  plain.restore(position)
  for (let i = 0; i < 3; i++) assert.deepEqual(batches.next(), plain.next())
  batches.close()
  for (let i = 0; i < 3; i++) assert.deepEqual(batches.next(), plain.next())
  batches.close()
})

test('what another thread cannot make is prepared here: an augmentation of one’s own, rows without any, or data it cannot be sent', async () => {
  const own = { ...grids, augment: { ...grids.augment!, write: () => {} } }
  const bare = { ...grids, augment: null }
  const unsendable = { ...grids, manifest: { ...grids.manifest, note: () => 'a function' } }
  for (const data of [own, bare, unsendable]) {
    const given = data === bare ? { batch: 4, seed: 1 } : options
    const batches = batchesAhead(data, given, 0)
    await assertSame(batches, data, given, { milliseconds: 500 })
    assert.equal(batches.ahead, false)
  }
})
