import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dataset } from '../../lib/data/dataset.js'
import { datasetHash, littleEndianPieces } from '../../lib/data/hash.js'
import { listedIdentifiers } from '../../lib/data/identifiers.js'
import { arc } from '../../lib/tasks/arc/index.js'
import { maze } from '../../lib/tasks/maze/index.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'

// Python's hashlib over the saved files gives the same hashes. One that changes is another identity of every data set: the
// generator or HASH_VERSION changed.
const PINNED: readonly [what: string, make: () => Promise<Dataset>, hash: string][] = [
  [
    'a Sudoku',
    () => sudoku({ box: '2x3', clues: 14, train: 7, test: 5, seed: 1 }),
    'f80871588a22af8359da3ae89a940867890417fb1abbe85d655a6e49c26f959e',
  ],
  [
    'a maze',
    () => maze({ size: 9, train: 6, test: 4, augment: 'dihedral', seed: 1 }),
    'd9fc3024dfd5bd59aae3468f7124e4b1331b665e1ca2665a0e24343e6ead08c4',
  ],
  [
    'an ARC',
    () => arc({ train: 3, test: 2, board: 6, augment: 2, seed: 1 }),
    '7e9f1e99548d69ff659a02bf54e25b178847f3fd41debb6a245d62f3335215ab',
  ],
]
for (const [what, make, hash] of PINNED)
  test(`the hash of ${what} data set is as pinned, on every machine and with every release of Arrow`, async () => {
    assert.equal((await make()).hash, hash)
  })

test('the hash is over the content: options, source and words do not matter, everything that is trained on does', async () => {
  const data = await arc({ train: 3, test: 2, board: 6, augment: 2, seed: 1 })
  const { manifest, train, identifiers, testTasks } = data
  const elsewhere = {
    ...manifest,
    options: { dir: 'elsewhere' },
    source: { kind: 'generated' },
    solutions: 'none',
  } as const
  assert.equal(datasetHash({ ...data, manifest: elsewhere }), data.hash)
  const changed = <T extends Uint8Array | Int32Array | Float64Array>(values: T): T => {
    const copy = values.slice() as T
    copy[copy.length - 1]! += 1
    return copy
  }
  const names = Array.from({ length: identifiers.count }, (_, id) => identifiers.name(id))
  const others: Record<string, Partial<Dataset>> = {
    inputs: { train: { ...train, inputs: changed(train.inputs) } },
    labels: { train: { ...train, labels: changed(train.labels) } },
    ratings: { train: { ...train, ratings: changed(train.ratings) } },
    puzzleIds: { train: { ...train, puzzleIds: changed(train.puzzleIds) } },
    puzzleStarts: { train: { ...train, puzzleStarts: changed(train.puzzleStarts) } },
    groupStarts: { train: { ...train, groupStarts: changed(train.groupStarts) } },
    'the test split': { test: { ...data.test, inputs: changed(data.test.inputs) } },
    splits: { train: { ...data.test, name: 'train' }, test: { ...train, name: 'test' } },
    names: { identifiers: listedIdentifiers(names.with(-1, 'another')) },
    'test tasks': { testTasks: testTasks!.toReversed() },
    'no test tasks': { testTasks: null },
    ...Object.fromEntries(
      (['vocabSize', 'padId', 'ignoreLabelId', 'blankId', 'puzzleIdentifiers'] as const).map((key) => [
        key,
        { manifest: { ...manifest, [key]: manifest[key] + 1 } },
      ]),
    ),
    task: { manifest: { ...manifest, task: 'tokens' } },
    augmentation: { manifest: { ...manifest, augmentation: 'none' } },
  }
  const hashes = Object.entries(others).map(([what, change]) => {
    const hash = datasetHash({ ...data, ...change })
    assert.notEqual(hash, data.hash, what)
    return hash
  })
  assert.equal(new Set(hashes).size, hashes.length)
})

test('arrays are hashed by the same little-endian bytes on a machine of either endianness', () => {
  const numbers = [0, 1, -2, 0x01020304, 2 ** 31 - 1, 77]
  for (const [Type, width, write] of [
    [Int32Array, 4, 'setInt32'],
    [Float64Array, 8, 'setFloat64'],
  ] as const) {
    const memory = (littleEndian: boolean): InstanceType<typeof Type> => {
      // An offset, because arrays are often views of a larger buffer.
      const view = new DataView(new ArrayBuffer(8 + width * numbers.length))
      numbers.forEach((number, i) => {
        view[write](8 + width * i, number, littleEndian)
      })
      return new Type(view.buffer, 8, numbers.length)
    }
    const bytes = (littleEndian: boolean): number[] =>
      [...littleEndianPieces(memory(littleEndian), littleEndian ? 'LE' : 'BE')].flatMap((piece) => [...piece])
    const expected = new Uint8Array(memory(true).buffer, 8)
    assert.deepEqual(bytes(true), [...expected])
    assert.deepEqual(bytes(false), [...expected])
  }
  assert.deepEqual([...littleEndianPieces(Uint8Array.of(1, 2, 3), 'BE')], [Uint8Array.of(1, 2, 3)])
})

test('a long array is hashed in pieces that are views of it, and is not copied', () => {
  const long = new Int32Array(600_000).map((_, i) => i)
  const pieces = [...littleEndianPieces(long, 'LE')]
  assert.ok(pieces.length > 1)
  assert.ok(pieces.every(({ buffer }) => buffer === long.buffer))
  assert.equal(
    pieces.reduce((sum, { length }) => sum + length, 0),
    long.byteLength,
  )
  const turned = Buffer.concat([...littleEndianPieces(long, 'BE')])
  assert.equal(turned.readInt32BE(4 * 599_999), 599_999)
})
