import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { execute } from '../../lib/cli/main.js'
import { type Dataset, runAt, type Split } from '../../lib/data/dataset.js'
import { exampleOf } from '../../lib/data/example.js'
import { UserError } from '../../lib/errors.js'
import { datasetFacts } from '../../lib/storage/facts.js'
import { duplicates, splitOverlap } from '../../lib/storage/overlap.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { maze } from '../../lib/tasks/maze/build.js'
import { dihedralSources } from '../../lib/tasks/maze/symmetry.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import fc from '../fast-check.js'
import { recurlab } from '../recurlab.js'
import { sharedPath } from '../shared.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()
const real = sharedPath('data/maze-30x30-hard-1k')
const mazes = await maze({ size: 8, train: 6, test: 4, augment: 'dihedral' })
const tasks = await arc({ train: 6, test: 3, board: 12, augment: 5 })

/** The data set with some test examples replaced by what `make` makes of training examples. */
function withTest(data: Dataset, make: (train: Split, at: number) => Uint8Array): Dataset {
  const { test, train } = data
  const inputs = test.inputs.slice()
  for (let i = 0; i < 2; i++) inputs.set(make(train, i), i * test.seqLen)
  return { ...data, test: { ...test, inputs } }
}

test('nothing of a generated data set occurs twice', async () => {
  const none = { train: 0, test: 0, across: 0 }
  assert.deepEqual(duplicates(mazes), { literal: none, twins: none })
  assert.deepEqual(duplicates(tasks), { literal: none, twins: null })
  assert.deepEqual(duplicates(await sudoku({ box: '2x3', train: 20, test: 10 })), { literal: none, twins: none })
})

test('a maze that is a training maze is found literally, a turned one as a twin only', () => {
  const row = ({ inputs, seqLen }: Split, i: number): Uint8Array => inputs.slice(i * seqLen, (i + 1) * seqLen)
  const copied = duplicates(withTest(mazes, row))
  assert.deepEqual([copied.literal.across, copied.twins?.across], [2, 2])
  for (const source of dihedralSources(8).slice(1)) {
    const turned = duplicates(
      withTest(mazes, (train, i) => {
        const maze = row(train, i)
        return Uint8Array.from(source, (cell) => maze[cell]!)
      }),
    )
    assert.deepEqual([turned.literal.across, turned.twins?.across], [0, 2])
  }
})

test('of an ARC pair the answer must repeat, too', () => {
  const { train, seqLen } = { ...tasks, seqLen: tasks.train.seqLen }
  const double = (tokens: Uint8Array): Uint8Array => {
    const copy = tokens.slice()
    copy.copyWithin(seqLen, 0, seqLen)
    return copy
  }
  const inputs = double(train.inputs)
  assert.equal(duplicates({ ...tasks, train: { ...train, inputs } }).literal.train, 0)
  const labels = double(train.labels)
  assert.equal(duplicates({ ...tasks, train: { ...train, inputs, labels } }).literal.train, 1)
})

test('splitOverlap counts test puzzles among the training puzzles', async () => {
  const data = await sudoku({ box: '2x2', train: 100, test: 50 })
  const { literal, twins } = splitOverlap(data)
  assert.equal(literal, 0)
  assert.ok(twins !== null && twins > 0)
})

test('facts: groups, puzzles, versions and examples are told apart', () => {
  const { splits, identifiers } = datasetFacts(tasks)
  const { train, test } = splits
  assert.equal(train.groups, 9)
  assert.equal(train.puzzles, 9)
  assert.equal(train.versions, identifiers.count - 1)
  assert.equal(train.examples, tasks.train.count)
  assert.equal(test.groups, 3)
  assert.equal(test.ratingMax, null)
  assert.equal(identifiers.first[0], '<blank>')
  assert.equal(datasetFacts(mazes).splits.train.versions, 48)
  assert.equal(datasetFacts(mazes).splits.test.versions, 4)
})

test('facts: shares of tokens add up, and every token has a meaning', async () => {
  for (const data of [mazes, tasks, await sudoku({ train: 3, test: 2 })]) {
    const { vocabulary, splits } = datasetFacts(data)
    assert.equal(vocabulary.length, data.manifest.vocabSize)
    for (const share of ['inInputs', 'inLabels'] as const)
      assert.ok(Math.abs(vocabulary.reduce((sum, token) => sum + token[share], 0) - 1) < 1e-9)
    assert.ok(vocabulary.every(({ meaning }) => !meaning.startsWith('token')))
    assert.equal(splits.train.cluesMean === null, data.manifest.task !== 'sudoku')
  }
})

test('the real Maze-Hard: 1,000 mazes each, none twice, ratings as its paths are long', {
  skip: real === null,
}, async () => {
  const data = loadDataset(real!)
  const facts = datasetFacts(data)
  const { groups, ratingMin, ratingMax } = facts.splits.test
  assert.deepEqual([groups, ratingMin! >= 110, ratingMax! <= 154], [1000, true, true])
  assert.deepEqual(facts.duplicates.literal, { train: 0, test: 0, across: 0 })
  assert.deepEqual(facts.duplicates.twins, { train: 0, test: 0, across: 0 })
})

test('recurlab data info draws any example, in colours only when asked to', async () => {
  const dir = path.join(folder, 'arc')
  saveDataset(tasks, dir)
  const plain = await recurlab(['data', 'info', dir, 'split=test', 'example=1'])
  assert.equal(plain.code, 0, plain.stderr)
  assert.match(plain.stdout, /colour 9 \(maroon\)/)
  assert.match(plain.stdout, /\ntest example 1 · .*\npuzzle +answer\n[0-9. |]+\n/)
  assert.ok(!plain.stdout.includes('\u001b'))
  const coloured = await recurlab(['data', 'info', dir, 'version=2', '--color'])
  assert.match(coloured.stdout, /train example 0 · version 2 · .*\|\|\|t\d\|\|\|0\d{9}\n/)
  assert.ok(coloured.stdout.includes('\u001b[38;2;255;255;255;48;2;0;0;0m'))
  await assert.rejects(
    async () => execute(['data', 'info', dir, 'split=test', 'example=900']),
    (error) =>
      error instanceof UserError &&
      error.exitCode === 2 &&
      /key example: expected 0…\d+ \(\d+ in the test split\), found 900\./.test(error.message),
  )
})

test('an example is as it is stored, or a version as training draws it, under its own identifier', () => {
  const stored = (data: Dataset): Uint8Array => data.train.inputs.slice(2 * data.train.seqLen, 3 * data.train.seqLen)
  assert.deepEqual(exampleOf(mazes, { example: 2, version: 0 }).input, stored(mazes))
  assert.notDeepEqual(exampleOf(mazes, { example: 2, version: 1 }).input, stored(mazes))
  const itself = exampleOf(tasks, { example: 2 })
  assert.deepEqual(itself.input, stored(tasks))
  assert.equal(itself.identifier, tasks.identifiers.name(tasks.train.puzzleIds[2]!))
  const version = exampleOf(tasks, { example: 2, version: 3 })
  assert.equal(version.puzzleId, tasks.augment!.puzzleId(tasks.train, 2, 3))
  assert.deepEqual(version, exampleOf(tasks, { example: 2, version: 3 }))
  for (const choice of [{ example: 0.5 }, { version: 400 }, { version: -1 }])
    assert.throws(() => exampleOf(tasks, choice), UserError)
  const empty = { ...mazes, train: { ...mazes.train, count: 0 } }
  assert.equal(exampleOf(empty).split, 'test')
  assert.throws(() => exampleOf(empty, { split: 'train' }), /has none/)
})

test('the run of a position is the last one that starts at or before it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }), (lengths) => {
      const starts = Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))])
      return lengths.every((length, run) =>
        Array.from({ length }, (_, i) => runAt(starts, starts[run]! + i)).every((found) => found === run),
      )
    }),
  )
})
