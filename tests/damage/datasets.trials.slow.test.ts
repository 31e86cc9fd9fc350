import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { arc, sudoku } from '../../lib/index.js'
import { exportPublished } from '../../lib/storage/published/write.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { trials } from '../trials.js'
import { damageCases, damageFile, quickFolder } from './damage.js'
import { assertTold, Expected } from './readers.js'

const folder = quickFolder()
const [dir, other] = [path.join(folder, 'arc'), path.join(folder, 'other')]
const [published, otherPublished] = [path.join(folder, 'published'), path.join(folder, 'other-published')]
let expected: Expected

function read(dir: string): unknown {
  const { hash, manifest, train, test, identifiers } = loadDataset(dir)
  return {
    hash,
    manifest,
    train,
    test,
    names: Array.from({ length: identifiers.count }, (_, id) => identifiers.name(id)),
  }
}

before(async () => {
  saveDataset(await arc({ train: 6, test: 3, board: 10, augment: 2, seed: 0 }), dir)
  saveDataset(await arc({ train: 5, test: 2, board: 10, augment: 2, seed: 1 }), other)
  const grids = [
    await sudoku({ box: [2, 2], train: 30, test: 10, seed: 0 }),
    await sudoku({ box: [2, 2], train: 20, test: 10, seed: 1 }),
  ]
  await exportPublished(grids[0]!, published)
  await exportPublished(grids[1]!, otherPublished)
  expected = await Expected.of({ 'the data set': () => read(dir) })
})

test(
  ...trials(
    'a data set with a damaged file is loaded right or refused by the name of the file',
    {
      cases: () => damageCases(readdirSync(dir), 600),
      sample: 60,
    },
    async (one, { random }) => {
      const restore = damageFile(dir, one, { other }, random)
      try {
        await expected.check(dir, one)
      } finally {
        restore()
      }
    },
  ),
)

test(
  ...trials(
    'a damaged folder of the published builders, which has no checksums, is loaded as a data set of its shape or refused by the name of a file',
    { cases: () => damageCases(filesBelow(published), 200), sample: 60 },
    (one, { random }) => {
      const restore = damageFile(published, one, { other: otherPublished }, random)
      try {
        const began = performance.now()
        const { train, test, manifest } = loadDataset(published)
        assert.ok(performance.now() - began < 5000)
        for (const { inputs, labels, seqLen, count } of [train, test]) {
          assert.equal(inputs.length, count * seqLen)
          assert.equal(labels.length, count * seqLen)
          assert.ok(inputs.every((token) => token < manifest.vocabSize))
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        assertTold(error, published, `${one.file}: ${one.damage}`)
      } finally {
        restore()
      }
    },
  ),
)

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .sort()
}
