import assert from 'node:assert/strict'
import path from 'node:path'
import { before, test } from 'node:test'
import type { Dataset } from '../../lib/data/dataset.js'
import { maze } from '../../lib/data/maze/build.js'
import { defaultPath } from '../../lib/data/maze/options.js'
import { isShortestPath, solveMaze } from '../../lib/data/maze/solve.js'
import { dihedralSources, twinForm } from '../../lib/data/maze/symmetry.js'
import { drawMaze, VOCABULARY, WALL } from '../../lib/data/maze/tokens.js'
import { loadDataset, saveDataset } from '../../lib/data/store.js'
import { taskOf } from '../../lib/data/tasks.js'
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
  assert.equal(taskOf(loaded.manifest).draw(input), drawMaze(input, 9))
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
