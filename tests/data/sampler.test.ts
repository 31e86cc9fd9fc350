import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { type Batch, type Dataset, IGNORE_LABEL } from '../../lib/data/dataset.js'
import { countEvaluated, evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { type SamplerOptions, trainingBatches } from '../../lib/data/sampler.js'
import { sudoku } from '../../lib/data/sudoku/build.js'
import { isSolution } from '../../lib/data/sudoku/tokens.js'

let data: Dataset
before(async () => {
  data = await sudoku({ box: '2x2', clues: 6, train: 23, test: 10, seed: 2 })
})

function take(options: SamplerOptions, count: number): Batch[] {
  const batches = trainingBatches(data, options)
  return Array.from({ length: count }, () => batches.next())
}

const anyOptions = fc.record(
  {
    batch: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
    augment: fc.oneof(fc.constant('fresh' as const), fc.nat(1000)),
    intervalEpochs: fc.integer({ min: 2, max: 5 }),
  },
  { requiredKeys: ['batch', 'seed'] },
)

test('a restored sampler goes on bit for bit', () => {
  fc.assert(
    fc.property(anyOptions, fc.nat(20), (options, before) => {
      const original = trainingBatches(data, options)
      for (let i = 0; i < before; i++) original.next()
      const state: unknown = JSON.parse(JSON.stringify(original.state()))
      const restored = trainingBatches(data, options)
      restored.next()
      restored.restore(state as { epoch: number; index: number })
      for (let i = 0; i < 5; i++) assert.deepEqual(restored.next(), original.next())
    }),
    { numRuns: 40 },
  )
})

test('every epoch draws every puzzle once, in another order, and runs on into the next', () => {
  const rows = take({ batch: 10, seed: 5 }, 23).flatMap((batch) => [...batch.rows])
  const epochs = Array.from({ length: 10 }, (_, e) => rows.slice(e * 23, (e + 1) * 23))
  for (const epoch of epochs)
    assert.deepEqual(
      [...epoch].sort((a, b) => a - b),
      Array.from({ length: 23 }, (_, i) => i),
    )
  assert.equal(new Set(epochs.map((epoch) => epoch.join(' '))).size, 10)
})

test('with an interval the batch that is not full is dropped at its end', () => {
  // 2 epochs of 23 are 46 rows: 4 batches of 10, 6 rows dropped.
  const batches = trainingBatches(data, { batch: 10, seed: 5, intervalEpochs: 2 })
  const endless = trainingBatches(data, { batch: 10, seed: 5 })
  for (let i = 0; i < 4; i++) assert.deepEqual(batches.next(), endless.next())
  assert.deepEqual(batches.state(), { epoch: 1, index: 17 })
  const fifth = batches.next()
  assert.deepEqual(batches.state(), { epoch: 2, index: 10 })
  const afresh = trainingBatches(data, { batch: 10, seed: 5 })
  afresh.restore({ epoch: 2, index: 0 })
  assert.deepEqual(fifth, afresh.next())
})

test('an interval that ends with a full batch drops nothing', () => {
  const batches = trainingBatches(data, { batch: 23, seed: 5, intervalEpochs: 1 })
  const endless = trainingBatches(data, { batch: 23, seed: 5 })
  for (let i = 0; i < 5; i++) assert.deepEqual(batches.next(), endless.next())
})

test('without augmentation batches hold the puzzles themselves', () => {
  for (const batch of take({ batch: 7, seed: 1, augment: 0 }, 10))
    for (let row = 0; row < batch.size; row++) {
      const from = batch.rows[row]! * 16
      assert.deepEqual(
        [...batch.inputs.subarray(row * 16, row * 16 + 16)],
        [...data.train.inputs.subarray(from, from + 16)],
      )
      assert.deepEqual(
        [...batch.labels.subarray(row * 16, row * 16 + 16)],
        [...data.train.labels.subarray(from, from + 16)],
      )
    }
})

test('augmented rows are solved by their labels; a pool of A versions stays within 1 + A, fresh ones do not', () => {
  for (const [augment, batches] of [
    [3, 200],
    ['fresh', 200],
  ] as const) {
    const versions = new Set<string>()
    for (const batch of take({ batch: 23, seed: 1, augment }, batches))
      for (let row = 0; row < batch.size; row++) {
        const inputs = batch.inputs.subarray(row * 16, row * 16 + 16)
        assert.ok(isSolution(inputs, batch.labels.subarray(row * 16, row * 16 + 16), [2, 2]))
        if (batch.rows[row] === 0) versions.add(inputs.join(' '))
      }
    if (augment === 3) assert.ok(versions.size <= 4 && versions.size >= 2, String(versions.size))
    else assert.ok(versions.size > 100, String(versions.size))
  }
})

test('another seed gives another order and other versions', () => {
  assert.notDeepEqual(take({ batch: 23, seed: 1 }, 1)[0]!.rows, take({ batch: 23, seed: 2 }, 1)[0]!.rows)
})

test('labels that are not to be counted become -100, in training and evaluation', () => {
  const labels = data.train.labels.slice()
  labels[5] = data.manifest.ignoreLabelId
  const holed: Dataset = { ...data, train: { ...data.train, labels } }
  const batch = trainingBatches(holed, { batch: 23, seed: 1 }).next()
  const row = batch.rows.indexOf(0)
  assert.deepEqual(
    [...batch.labels].flatMap((label, i) => (label === IGNORE_LABEL ? [i] : [])),
    [row * 16 + 5],
  )
  const [first] = [...evaluationBatches(holed, { batch: 23, split: 'train' })]
  assert.equal(first!.labels[5], IGNORE_LABEL)
})

test('evaluation gives all puzzles in order and fills the last batch with padding', () => {
  const batches = [...evaluationBatches(data, { batch: 4 })]
  assert.deepEqual(
    batches.map((batch) => [...batch.rows]),
    [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, -1, -1],
    ],
  )
  const last = batches[2]!
  assert.deepEqual([...last.inputs.subarray(0, 32)], [...data.test.inputs.subarray(128)])
  assert.ok(last.inputs.subarray(32).every((token) => token === 0))
  assert.ok(last.labels.subarray(32).every((label) => label === IGNORE_LABEL))
  assert.deepEqual([...last.puzzleIds], [0, 0, 0, 0])
  assert.equal(countEvaluated(data), 10)
})

test('wrong options and positions are refused', async () => {
  const throwsOn = (options: SamplerOptions, message: RegExp) =>
    assert.throws(() => trainingBatches(data, options), message)
  throwsOn({ batch: 0, seed: 0 }, /key batch: expected a whole number of 1 or more, found 0/)
  throwsOn({ batch: 24, seed: 0, intervalEpochs: 1 }, /key batch: expected at most 23/)
  throwsOn({ batch: 1, seed: 0, intervalEpochs: 0 }, /key intervalEpochs/)
  throwsOn({ batch: 1, seed: 0, augment: -1 }, /key augment/)
  throwsOn({ batch: 1, seed: 0, augment: Number.NaN }, /key augment/)
  const batches = trainingBatches(data, { batch: 1, seed: 0 })
  for (const state of [
    { epoch: 0, index: 23 },
    { epoch: -1, index: 0 },
    { epoch: 0.5, index: 0 },
    { epoch: 0, index: -1 },
  ])
    assert.throws(() => batches.restore(state), /expected an epoch and an index below 23/)
  const testOnly = await sudoku({ train: 0, test: 5 })
  assert.throws(() => trainingBatches(testOnly, { batch: 1, seed: 0 }), /found none in the train split/)
  assert.throws(() => [...evaluationBatches(data, { batch: 0 })], /key batch/)
})
