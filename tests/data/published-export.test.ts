import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { execute } from '../../lib/cli/main.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { exportPublished } from '../../lib/storage/published/write.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { maze } from '../../lib/tasks/maze/build.js'
import { votesOf } from '../../lib/tasks/registry.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { isSolution } from '../../lib/tasks/sudoku/rules.js'
import fc from '../fast-check.js'
import { startFailing } from '../files/failing.js'
import { sharedPath } from '../shared.js'
import { temporaryFolder } from './helpers.js'
import { arcFolder, array, type Folder, smallFolder, writeFolder } from './published-folder.js'

const folder = temporaryFolder()
let made = 0
const place = (): string => path.join(folder, String(made++))

/** Every file of a folder: arrays as bytes, JSON as values. */
function contents(dir: string): Record<string, unknown> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name))
  return Object.fromEntries(
    names.sort().map((name) => {
      const bytes = readFileSync(path.join(dir, name))
      return [name, name.endsWith('.json') ? JSON.parse(bytes.toString('utf8')) : bytes.toString('latin1')]
    }),
  )
}

async function roundTrip(dir: string): Promise<void> {
  const out = place()
  await exportPublished(loadDataset(dir), out)
  assert.deepEqual(contents(out), contents(dir))
}

test('a published folder becomes the same again: arrays byte for byte, JSON in value', async () => {
  await roundTrip(writeFolder(place(), smallFolder()))
  await roundTrip(writeFolder(place(), arcFolder()))
})

test('so it does with any element types, an older header, another set name, identifiers as an object, one split', async () => {
  const odd = smallFolder()
  odd.arrays['train/all__inputs.npy'] = array('<f8', [3, 4], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
  odd.arrays['train/all__group_indices.npy'] = array('<u8', [3], [0, 1, 2])
  odd.json['identifiers.json'] = { 0: '<blank>', 1: 'one', 2: 'zwei ü 🙂' }
  const dir = writeFolder(place(), odd)
  // NumPy before 1.14 padded to 16 bytes.
  const text = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4), }"
  const head = Buffer.from(`\x93NUMPY\x01\x00\x46\x00${text.padEnd(69)}\n`, 'latin1')
  writeFileSync(path.join(dir, 'train/all__labels.npy'), Buffer.concat([head, Buffer.alloc(12, 1)]))
  await roundTrip(dir)

  const { json, arrays }: Folder = smallFolder()
  const named: Folder = { json: { 'identifiers.json': json['identifiers.json'] }, arrays: {} }
  named.json['test/dataset.json'] = { ...(json['test/dataset.json'] as object), sets: ['hard'] }
  for (const [name, values] of Object.entries(arrays))
    if (name.startsWith('test')) named.arrays[name.replace('all', 'hard')] = values
  await roundTrip(writeFolder(place(), named))
})

/** Where runs of these lengths start, and where the last one ends. */
function starts(lengths: readonly number[]): number[] {
  const all = [0]
  for (const length of lengths) all.push(all.at(-1)! + length)
  return all
}

const dtype = fc.constantFrom('|u1', '<i2', '<i4', '<i8', '<u8', '<f4')
test('round trips hold for any puzzles and groups', async () => {
  const groups = fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(groups, dtype, dtype, async (sizes, tokens, indices) => {
      const puzzles = sizes.flat()
      const examples = starts(puzzles).at(-1)!
      const what = smallFolder()
      what.json['train/dataset.json'] = {
        ...(what.json['train/dataset.json'] as object),
        total_groups: sizes.length,
        total_puzzles: puzzles.length,
        mean_puzzle_examples: examples / puzzles.length,
      }
      const numbers = Array.from({ length: examples * 4 }, (_, i) => i % 7)
      Object.assign(what.arrays, {
        'train/all__inputs.npy': array(tokens, [examples, 4], numbers),
        'train/all__labels.npy': array(tokens, [examples, 4], numbers),
        'train/all__puzzle_identifiers.npy': array(
          '<i4',
          [puzzles.length],
          puzzles.map((n) => n % 3),
        ),
        'train/all__puzzle_indices.npy': array(indices, [puzzles.length + 1], starts(puzzles)),
        'train/all__group_indices.npy': array(indices, [sizes.length + 1], starts(sizes.map(({ length }) => length))),
      })
      await roundTrip(writeFolder(place(), what))
    }),
    { numRuns: 25 },
  )
})

const real = sharedPath('data/maze-30x30-hard-1k')
test(
  'the real Maze-Hard becomes the same again',
  { skip: real === null && '../shared/data/maze-30x30-hard-1k is not here' },
  () => roundTrip(real!),
)

test('a Sudoku set is written with versions beside each training puzzle: a group each, seeded', async () => {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 4, seed: 3 })
  const [one, other] = [place(), place()]
  await exportPublished(data, one, { augment: 5 })
  await exportPublished(data, other, { augment: 5 })
  assert.deepEqual(contents(one), contents(other))
  const read = loadDataset(one)
  assert.deepEqual(read.manifest.counts, { train: 60, test: 4 })
  assert.deepEqual(
    [...read.train.groupStarts],
    Array.from({ length: 11 }, (_, i) => 6 * i),
  )
  assert.equal(read.manifest.task, 'sudoku')
  assert.deepEqual(contents(one)['train/dataset.json'], {
    pad_id: 0,
    ignore_label_id: 0,
    blank_identifier_id: 0,
    vocab_size: 6,
    seq_len: 16,
    num_puzzle_identifiers: 1,
    total_groups: 10,
    mean_puzzle_examples: 1,
    total_puzzles: 10,
    sets: ['all'],
  })
  for (let i = 0; i < 60; i++) {
    const [input, label] = [read.train.inputs, read.train.labels].map((all) => all.subarray(16 * i, 16 * i + 16))
    assert.ok(isSolution(input!, label!, [2, 2]), `version ${i}`)
    if (i % 6 === 0) assert.deepEqual(input, data.train.inputs.subarray((16 * i) / 6, (16 * i) / 6 + 16))
  }
  assert.ok(
    new Set(Array.from({ length: 6 }, (_, i) => read.train.inputs.subarray(16 * i, 16 * i + 16).join())).size > 1,
  )
})

test('without augment a Sudoku set is written as it is', async () => {
  const data = await sudoku({ box: [2, 3], train: 3, test: 0, seed: 1 })
  const out = place()
  await exportPublished(data, out)
  const read = loadDataset(out)
  assert.deepEqual(read.train.inputs, data.train.inputs)
  assert.deepEqual(read.train.labels, data.train.labels)
  assert.equal(existsSync(path.join(out, 'test')), false)
})

test('mazes are written in the versions they were built with, and take no augment', async () => {
  const data = await maze({ size: 7, train: 3, test: 2, augment: 'dihedral' })
  const out = place()
  await exportPublished(data, out)
  const read = loadDataset(out)
  assert.deepEqual([read.manifest.task, read.manifest.counts], ['maze', { train: 24, test: 2 }])
  assert.deepEqual([...read.train.groupStarts], [0, 8, 16, 24])
  assert.deepEqual([...read.test.ratings], [...data.test.ratings])
  await assert.rejects(
    exportPublished(data, place(), { augment: 3 }),
    /key augment: expected nothing: the data set fixes/,
  )
  await assert.rejects(exportPublished(read, place(), { augment: 3 }), /key augment/)
})

test('ARC is written in all versions, with names and test tasks, and read again as the same', async () => {
  const data = await arc({ train: 4, test: 3, augment: 3, seed: 5 })
  const out = place()
  await exportPublished(data, out)
  const read = loadDataset(out)
  const names = (of: Dataset): string[] =>
    Array.from({ length: of.identifiers.count }, (_, id) => of.identifiers.name(id))
  assert.equal(read.manifest.task, 'arc')
  assert.deepEqual(names(read), names(data))
  assert.deepEqual(
    read.testTasks,
    [...data.testTasks!].sort((a, b) => (a.name < b.name ? -1 : 1)),
  )
  for (const split of ['train', 'test'] as const) {
    const [own, stored] = [data[split], read[split]]
    assert.equal(stored.groupStarts.length, own.groupStarts.length)
    const [input, label] = [new Uint8Array(900), new Uint8Array(900)]
    let at = 0
    for (let puzzle = 0; puzzle + 1 < own.puzzleStarts.length; puzzle++)
      for (let version = 0; version < data.augment!.versions(own, puzzle)!; version++)
        for (let example = own.puzzleStarts[puzzle]!; example < own.puzzleStarts[puzzle + 1]!; example++, at++) {
          data.augment!.write(own, example, version, data.manifest.seed, input, label, 0)
          assert.deepEqual(stored.inputs.subarray(900 * at, 900 * at + 900), input)
          assert.deepEqual(stored.labels.subarray(900 * at, 900 * at + 900), label)
          assert.equal(stored.puzzleIds[at], data.augment!.puzzleId(own, example, version))
        }
    assert.equal(stored.count, at)
  }
  const files = contents(out)
  const puzzles = (files['train/dataset.json'] as { total_puzzles: number }).total_puzzles
  assert.equal(puzzles, read.train.puzzleStarts.length - 1)
})

test('ARC on a smaller board is read again as ARC, by its file of test tasks, and its versions vote', async () => {
  const data = await arc({ train: 2, test: 2, augment: 2, board: 8, size: 8, seed: 5 })
  const out = place()
  await exportPublished(data, out)
  const read = loadDataset(out)
  assert.deepEqual([read.manifest.task, read.manifest.seqLen], ['arc', 64])
  const votes = votesOf(read)!
  votes.begin()
  for (let puzzle = 0; puzzle < read.test.count; puzzle++)
    votes.add({
      puzzle,
      version: 0,
      prediction: read.test.labels.subarray(64 * puzzle, 64 * (puzzle + 1)),
      haltProbability: 1,
    })
  assert.deepEqual(votes.result([1]).pass, { 'pass@1': 1 })
  assert.equal(votes.result().predictions, read.test.count)
})

const arcFiles = sharedPath('data/arc')
test("test_puzzles.json holds ARC's own tasks, training pairs and all", {
  skip: arcFiles === null && '../shared/data/arc is not here',
}, async () => {
  const data = await arc({ set: 'arc-2', dir: arcFiles!, subsets: ['evaluation2'], augment: 0 })
  const out = place()
  await exportPublished(data, out)
  const read = (file: string): Record<string, Record<string, unknown[]>> =>
    JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown[]>>
  const puzzles = read(path.join(out, 'test_puzzles.json'))
  const tasks = read(path.join(arcFiles!, 'arc-agi_evaluation2_challenges.json'))
  assert.equal(Object.keys(puzzles).length, 120)
  for (const [name, { train }] of Object.entries(puzzles)) assert.deepEqual(train, tasks[name]!.train, name)
})

test('nothing is written over: not a file, other files, another data set without force', async () => {
  const data = loadDataset(writeFolder(place(), smallFolder()))
  const file = place()
  writeFileSync(file, '')
  await assert.rejects(exportPublished(data, file), /expected an empty or new folder, found a file/)
  const other = place()
  mkdirSync(other)
  writeFileSync(path.join(other, 'notes.txt'), '')
  await assert.rejects(exportPublished(data, other, { force: true }), /found other files/)
  const there = writeFolder(place(), arcFolder())
  await assert.rejects(exportPublished(data, there), /found another published data set.*--force/)
  await exportPublished(data, there, { force: true })
  assert.equal(loadDataset(there).hash, data.hash)
  const own = place()
  saveDataset(await sudoku({ train: 2, test: 1 }), own)
  await assert.rejects(exportPublished(data, own, { force: true }), /found other files/)
})

test('a full disk is said before anything is written', async () => {
  const data = loadDataset(writeFolder(place(), smallFolder()))
  const out = place()
  await assert.rejects(
    exportPublished(data, out, { free: () => 1000 }),
    /expected 8\.4 MB of free space, found 1\.0 kB\. Free some space/,
  )
  assert.equal(existsSync(out), false)
})

test('more versions than a disk or the layout holds are refused before they are laid out', async () => {
  const data = await sudoku({ train: 200, test: 1 })
  const refused = (augment: number): Promise<unknown> => exportPublished(data, place(), { augment, free: () => 1e9 })
  await assert.rejects(refused(1e9), /key augment: expected fewer than 2³¹ examples, found 200000000200/)
  // Laid out it would take 8 GB of memory.
  await assert.rejects(refused(1e7), /expected 64\.0 GB of free space, found 1\.0 GB/)
})

test('an interrupt leaves nothing behind', async () => {
  const data = loadDataset(writeFolder(place(), smallFolder()))
  const out = place()
  await assert.rejects(exportPublished(data, out, { signal: AbortSignal.abort() }), /found an interrupt/)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(path.basename(out))),
    [],
  )
})

test('whichever file operation fails, once or for good, there is the whole folder or none', async () => {
  const data = loadDataset(writeFolder(place(), smallFolder()))
  for (const [how, every] of [
    ['once', 7],
    ['for good', 11],
  ] as const)
    for (let n = 0; ; n += every) {
      const out = place()
      const { operations, restore } = startFailing(n, how)
      const error: unknown = await exportPublished(data, out).then(
        () => null,
        (reason: unknown) => reason,
      )
      const done = operations.length
      restore()
      if (existsSync(out)) assert.equal(loadDataset(out).hash, data.hash, `operation ${n}, ${how}`)
      else assert.match(String(error), /^UserError: .*ENOSPC/, `operation ${n}, ${how}`)
      if (n >= done) break
    }
})

test('recurlab data export refuses wrong use', async () => {
  const run = (...args: string[]): Promise<number> => execute(['data', 'export', ...args])
  const out = `out=${place()}`
  await assert.rejects(run(out), /expected one folder, found none/)
  await assert.rejects(run('a'), /expected out=DIR2/)
  await assert.rejects(run('a', 'b', out), /expected one folder/)
  await assert.rejects(run('a', out, 'seed=1'), /key seed: expected one of out, augment/)
  await assert.rejects(run('a', out, 'augment=many'), /expected augment=N, a whole number of 0 or more, found many/)
  await assert.rejects(run(path.join(folder, 'nothing'), out), /expected a data set/)
})
