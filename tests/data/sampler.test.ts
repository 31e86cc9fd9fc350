import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { splitFromTable, splitTable } from '../../lib/data/arrow.js'
import { type Augmentation, type Batch, type Dataset, IGNORE_LABEL, type Split } from '../../lib/data/dataset.js'
import { countEvaluated, evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { splitFacts } from '../../lib/data/pool.js'
import { type SamplerOptions, trainingBatches } from '../../lib/data/sampler.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { isSolution } from '../../lib/tasks/sudoku/rules.js'
import fc from '../fast-check.js'

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

test('evaluation gives all puzzles in order, and the last batch has the rows that are left', () => {
  const batches = [...evaluationBatches(data, { batch: 4 })]
  assert.deepEqual(
    batches.map((batch) => [...batch.rows]),
    [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ],
  )
  const last = batches[2]!
  assert.equal(last.size, 2)
  assert.deepEqual([...last.inputs], [...data.test.inputs.subarray(128)])
  assert.equal(last.labels.length, 32)
  assert.deepEqual([...last.puzzleIds], [0, 0])
  assert.equal(countEvaluated(data), 10)
  const [whole] = evaluationBatches(data, { batch: 1e9 })
  assert.equal(whole!.size, 10, 'no row more than there are, however large the batch may be')
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

/** Two groups: one of two puzzles with 1 and 3 examples, one of one puzzle with 2; every example's tokens are its number. */
function grouped(augment: Augmentation | null = null): Dataset {
  const count = 6
  const tokens = Uint8Array.from({ length: count * 16 }, (_, i) => Math.floor(i / 16) % 6)
  const train: Split = {
    ...data.train,
    count,
    inputs: tokens,
    labels: tokens.slice(),
    ratings: new Float64Array(count),
    puzzleIds: Int32Array.of(1, 2, 2, 2, 3, 3),
    puzzleStarts: Int32Array.of(0, 1, 4, 6),
    groupStarts: Int32Array.of(0, 2, 3),
  }
  return { ...data, train, test: { ...train, name: 'test' }, augment }
}

/** Versions that only change the identifier: version v of identifier i is 10 i + v; puzzle p has p + 1 of them. */
const numbered: Augmentation = {
  versions: (split, puzzle) => (split.name === 'train' ? puzzle + 1 : 2),
  puzzleId: (split, example, version) => 10 * split.puzzleIds[example]! + version,
  write(split, example, _version, _seed, inputs, labels, offset) {
    for (let cell = 0; cell < 16; cell++) {
      inputs[offset + cell] = split.inputs[example * 16 + cell]!
      labels[offset + cell] = split.labels[example * 16 + cell]!
    }
  },
}

test('of each group one puzzle is drawn with all its examples, and each puzzle as often as the others', () => {
  const batches = trainingBatches(grouped(), { batch: 5, seed: 3 })
  const drawn = new Map<number, number>()
  for (let i = 0; i < 2000; i++) {
    const { rows } = batches.next()
    for (const row of rows) drawn.set(row, (drawn.get(row) ?? 0) + 1)
  }
  // An epoch draws examples 4 and 5, and either example 0 or examples 1, 2, 3.
  const share = drawn.get(0)! / (drawn.get(0)! + drawn.get(1)!)
  assert.ok(share > 0.45 && share < 0.55, `example 0 in ${share} of the epochs`)
  assert.ok(drawn.get(4)! > 1.5 * drawn.get(0)!)
})

test('what no longer fits into a batch is left out, drawn at random, and never twice', () => {
  const batches = trainingBatches(grouped(), { batch: 2, seed: 3, intervalEpochs: 1 })
  const seen = new Set<string>()
  for (let i = 0; i < 300; i++) {
    const rows = [...batches.next().rows].sort()
    assert.equal(new Set(rows).size, 2)
    seen.add(rows.join())
  }
  assert.deepEqual(
    ['1,2', '1,3', '2,3'].filter((pair) => !seen.has(pair)),
    [],
  )
})

test('versions that a data set fixes are drawn alike, under identifiers of their own, and only then', () => {
  const batches = trainingBatches(grouped(numbered), { batch: 3, seed: 1 })
  const ids = new Map<number, number>()
  for (let i = 0; i < 3000; i++) for (const id of batches.next().puzzleIds) ids.set(id, (ids.get(id) ?? 0) + 1)
  assert.deepEqual([...ids.keys()].sort(), [10, 20, 21, 30, 31, 32])
  const [low, high] = [Math.min(ids.get(30)!, ids.get(31)!, ids.get(32)!), Math.max(ids.get(30)!, ids.get(31)!)]
  assert.ok(high < 1.2 * low)
  assert.throws(() => trainingBatches(grouped(numbered), { batch: 3, seed: 1, augment: 5 }), /key augment/)
})

test('the pool counts versions as the published builders count puzzles', () => {
  const { train, test } = grouped()
  assert.deepEqual(splitFacts(train, null), { groups: 2, puzzles: 3, meanPuzzleExamples: 2 })
  assert.deepEqual(splitFacts(train, numbered), { groups: 2, puzzles: 6, meanPuzzleExamples: (1 + 6 + 6) / 6 })
  assert.deepEqual(splitFacts(test, numbered), { groups: 2, puzzles: 6, meanPuzzleExamples: 2 })
})

test('evaluation asks every version of a puzzle, or as many as are wanted', () => {
  const set = grouped(numbered)
  const rows = (versions?: number) =>
    [...evaluationBatches(set, { batch: 4, versions })].flatMap((batch) =>
      [...batch.rows].flatMap((row, i) => (row < 0 ? [] : [`${row}.${batch.versions[i]}`])),
    )
  assert.deepEqual(rows().slice(0, 8), ['0.0', '0.1', '1.0', '2.0', '3.0', '1.1', '2.1', '3.1'])
  // Puzzle 1 (examples 1, 2, 3) is itself a version of puzzle 0: they are one group.
  assert.deepEqual(rows(1), ['0.0', '4.0', '5.0'])
  assert.deepEqual([countEvaluated(set), countEvaluated(set, { versions: 1 })], [12, 3])
})

test('groups, puzzles and examples survive being stored', () => {
  const { train } = grouped()
  const manifest = { ...data.manifest, counts: { train: 6, test: 6 }, puzzleIdentifiers: 4 }
  assert.deepEqual(splitFromTable(splitTable(train), manifest, 'train', 'train.arrow'), train)
})

test('stored versions are limited as those made on the fly: so many puzzles of each group, the first ones', () => {
  const grouped = {
    ...data,
    augment: null,
    test: { ...data.test, puzzleStarts: Int32Array.of(0, 2, 4, 5, 7, 10), groupStarts: Int32Array.of(0, 3, 5) },
  }
  const rows = (versions?: number): number[] =>
    [...evaluationBatches(grouped, { batch: 5, versions })]
      .flatMap((batch) => [...batch.rows])
      .filter((row) => row >= 0)
  assert.deepEqual(rows(1), [0, 1, 5, 6])
  assert.deepEqual(rows(2), [0, 1, 2, 3, 5, 6, 7, 8, 9])
  assert.deepEqual(rows(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(countEvaluated(grouped, { versions: 1 }), 4)
  assert.equal(countEvaluated(grouped), 10)
})
