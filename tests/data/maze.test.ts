import assert from 'node:assert/strict'
import path from 'node:path'
import { before, test } from 'node:test'
import type { Dataset } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { maze } from '../../lib/tasks/maze/build.js'
import { defaultPath, type MazeOptions } from '../../lib/tasks/maze/options.js'
import { isShortestPath, solveMaze } from '../../lib/tasks/maze/solve.js'
import { dihedralSources, twinForm } from '../../lib/tasks/maze/symmetry.js'
import { drawMaze, VOCABULARY, WALL } from '../../lib/tasks/maze/tokens.js'
import { puzzleText } from '../tasks/puzzle-text.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()
const asked = { size: 9, minPath: 20, train: 20, test: 15, seed: 4 } as const
let data: Dataset
before(async () => {
  data = await maze(asked)
})

test('generated mazes have the asked size, walls and path, and their labels mark a shortest path', () => {
  const { train, test: held, manifest } = data
  assert.deepEqual(manifest.counts, { train: 20, test: 15 })
  assert.equal(manifest.vocabSize, VOCABULARY)
  for (const split of [train, held])
    for (let i = 0; i < split.count; i++) {
      const [input, label] = exampleOf(data, split.name, i)
      assert.ok(isShortestPath(input, label, 9))
      const path = label.filter((token) => token === 5).length + 2
      assert.ok(path >= 20)
      assert.equal(split.ratings[i], path)
      const share = input.filter((token) => token === WALL).length / 81
      assert.ok(share >= 0.27 && share <= 0.45, String(share))
      assert.deepEqual(solveMaze(input, 9), { label, length: path })
    }
})

test('no maze is generated twice, nor a turned or mirrored twin of one', () => {
  const sources = dihedralSources(9)
  const forms = new Set<string>()
  for (const name of ['train', 'test'] as const)
    for (let i = 0; i < data[name].count; i++) forms.add(twinForm(exampleOf(data, name, i)[0], sources).join(''))
  assert.equal(forms.size, 35)
})

test('one seed gives the same mazes, the test mazes whatever is trained on', async () => {
  const same = await maze(asked)
  assert.equal(same.hash, data.hash)
  const fewer = await maze({ ...asked, train: 3 })
  assert.deepEqual(fewer.test.inputs, data.test.inputs)
  assert.deepEqual(fewer.train.inputs, data.train.inputs.subarray(0, 3 * 81))
  assert.notEqual((await maze({ ...asked, seed: 5 })).hash, data.hash)
})

test('a saved maze data set is loaded again, and drawn', () => {
  const dir = path.join(folder, 'mazes')
  saveDataset(data, dir)
  const loaded = loadDataset(dir)
  assert.equal(loaded.hash, data.hash)
  assert.equal(loaded.augment, null)
  const [input] = exampleOf(loaded, 'train', 0)
  // Notebooks draw boards side by side, without spaces at the end of a line.
  assert.equal(puzzleText(loaded.manifest, input), drawMaze(input, 9).replaceAll(/ +$/gm, ''))
})

function exampleOf({ train, test: held }: Dataset, name: 'train' | 'test', i: number): [Uint8Array, Uint8Array] {
  const { inputs, labels, seqLen } = name === 'train' ? train : held
  return [inputs.slice(i * seqLen, (i + 1) * seqLen), labels.slice(i * seqLen, (i + 1) * seqLen)]
}

test('every size has a default path that is found', async () => {
  assert.equal(defaultPath(30), 110)
  for (const size of [5, 8, 13]) {
    const { train } = await maze({ size, train: 3, test: 0 })
    assert.ok(train.ratings.every((rating) => rating >= defaultPath(size)))
  }
})

test('dihedral: training has the 8 versions of each maze, every one of them solved; the test split has itself', async () => {
  const varied = await maze({ ...asked, augment: 'dihedral' })
  const { augment, manifest, train, test: held } = varied
  assert.match(manifest.augmentation!, /8 turned and mirrored versions/)
  assert.match(data.manifest.augmentation!, /^none/)
  assert.notEqual(varied.hash, data.hash)
  assert.equal(augment!.versions(train, 0), 8)
  assert.equal(augment!.versions(held, 0), 1)
  const [input, label] = [new Uint8Array(81), new Uint8Array(81)]
  const seen = new Set<string>()
  for (let version = 0; version < 8; version++) {
    augment!.write(train, 2, version, 0, input, label, 0)
    assert.ok(isShortestPath(input, label, 9))
    assert.equal(augment!.puzzleId(train, 2, version), 0)
    seen.add(input.join(''))
    if (version === 0) assert.deepEqual(input, exampleOf(varied, 'train', 2)[0])
  }
  assert.equal(seen.size, 8)
})

test('walls may be one share or a range, in figures or in words', async () => {
  const shares = async (walls: NonNullable<MazeOptions['walls']>): Promise<number[]> => {
    const { train } = await maze({ size: 10, minPath: 5, walls, train: 10, test: 0 })
    return Array.from(
      { length: 10 },
      (_, i) => train.inputs.slice(i * 100, i * 100 + 100).filter((t) => t === WALL).length,
    )
  }
  assert.deepEqual(new Set(await shares(0.2)), new Set([20]))
  assert.deepEqual(await shares('0.1-0.3'), await shares([0.1, 0.3]))
})

const refused: [string, MazeOptions, RegExp, 1 | 2][] = [
  ['a size that is too small', { size: 4 }, /key size: expected at least 5/, 2],
  ['a size that is too large', { size: 65 }, /key size: expected at most 64/, 2],
  [
    'a path longer than the grid can hold',
    { size: 6, minPath: 28 },
    /key minPath: expected at most 26: .*6×6 cells with 27–45 % walls, found 28/,
    2,
  ],
  [
    'a path that is never found',
    { size: 12, minPath: 90 },
    /key test: expected 300 different mazes of 12×12 .* 90 or more, found 0, and none in \d+ further/,
    1,
  ],
  [
    'more mazes than there are',
    { size: 5, minPath: 15, walls: 0.4, train: 500, test: 0 },
    /key train: expected 500 .*found \d+, and none/,
    1,
  ],
  ['shares in the wrong order', { walls: [0.5, 0.2] }, /key walls: expected a share, or a range of shares/, 2],
  ['shares that are no shares', { walls: '27-45' }, /key walls/, 2],
  ['an unknown augmentation', { augment: 'all' as 'none' }, /key augment: expected one of none, dihedral/, 2],
  ['an unknown key', { sizes: 5 } as MazeOptions, /Did you mean size\?/, 2],
  ['nothing', { train: 0, test: 0 }, /keys train, test: expected a number of mazes/, 2],
  ['testCsv alone', { testCsv: 'a.csv' }, /key testCsv: expected csv beside it/, 2],
  ['minRating alone', { minRating: 3 }, /key minRating: expected csv beside it/, 2],
  ['walls beside a file', { csv: 'a.csv', walls: 0.3 }, /key walls: expected walls or csv, found both/, 2],
  ['minPath beside a file', { csv: 'a.csv', minPath: 3 }, /key minPath: expected minPath or csv/, 2],
  ['a file and no number', { csv: 'a.csv' }, /found neither/, 2],
]
for (const [what, options, message, exitCode] of refused)
  test(`${what} is refused`, async () => {
    await assert.rejects(maze(options), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error))
      assert.match(error.message, message)
      assert.equal(error.exitCode, exitCode)
      return true
    })
  })
