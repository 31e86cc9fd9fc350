import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Batch, Dataset } from '../../lib/data/dataset.js'
import { countEvaluated, evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { trainingBatches } from '../../lib/data/sampler.js'
import { optionsFromText } from '../../lib/options/options.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { crop } from '../../lib/tasks/arc/encode.js'
import { flatten, nested } from '../../lib/tasks/arc/grid.js'
import { arcOptions } from '../../lib/tasks/arc/options.js'
import { applyVersion, parseVersionName } from '../../lib/tasks/arc/version.js'
import { puzzleText } from '../tasks/puzzle-text.js'
import { type JsonTask, jsonTask, tokensOf, writeCombined, writeFolder } from './arc-helpers.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()

const training: Record<string, JsonTask> = { t2: jsonTask(1), t1: jsonTask(2) }
const evaluation: Record<string, JsonTask> = { e1: jsonTask(3, 2), e2: jsonTask(4) }
const concept: Record<string, JsonTask> = { Same1: jsonTask(5, 3) }

const combined = path.join(folder, 'combined')
writeCombined(combined, 'training', training)
writeCombined(combined, 'evaluation', evaluation)
writeCombined(combined, 'concept', concept)
writeCombined(combined, 'training2', { e1: jsonTask(3, 2), n1: jsonTask(6) })
writeCombined(combined, 'evaluation2', { n2: jsonTask(7) })
const data = await arc({ set: 'arc-1', dir: combined, augment: 5, seed: 3 })

test('train pairs of every task train, and test pairs of the subsets that are not tested', () => {
  const { train, test: tested, manifest } = data
  assert.equal(train.count, 2 * (3 + 1) + 2 * 3 + (3 + 3))
  assert.equal(tested.count, 3)
  assert.deepEqual([...tested.puzzleStarts], [0, 2, 3])
  assert.equal(train.groupStarts.length - 1, 5)
  assert.deepEqual(manifest.counts, { train: train.count, test: tested.count })
  assert.equal(manifest.vocabSize, 12)
  assert.equal(manifest.seqLen, 900)
  const first = nested(crop(train.inputs, 30))
  assert.deepEqual(first, training.t1!.train[0]!.input)
})

test('identifiers are blank, then each task with its versions, subset by subset and by name', () => {
  const plain = Array.from({ length: data.identifiers.count }, (_, id) => data.identifiers.name(id)).filter(
    (name) => !name.includes('|||'),
  )
  assert.deepEqual(plain, ['<blank>', 't1', 't2', 'e1', 'e2', 'Same1'])
  assert.equal(data.identifiers.count, 1 + 5 * 6)
  assert.match(data.identifiers.name(2), /^t1\|\|\|t[0-7]\|\|\|0\d{9}$/)
})

test('the order of tasks in a file, and which layout it is, changes nothing but the source', async () => {
  const dir = path.join(folder, 'tasks')
  for (const [subset, tasks] of Object.entries({ training, evaluation, concept })) writeFolder(dir, subset, tasks)
  const read = await arc({ set: 'arc-1', dir, augment: 5, seed: 3 })
  assert.equal(read.hash, data.hash)
  const other = path.join(folder, 'order')
  writeCombined(other, 'training', { t1: training.t1!, t2: training.t2! })
  writeCombined(other, 'evaluation', { e2: evaluation.e2!, e1: evaluation.e1! })
  writeCombined(other, 'concept', concept)
  assert.equal((await arc({ set: 'arc-1', dir: other, augment: 5, seed: 3 })).hash, data.hash)
  assert.notEqual((await arc({ set: 'arc-1', dir: other, augment: 5, seed: 4 })).hash, data.hash)
})

test('ConceptARC in folders by concept, and tasks in a data folder, are found', async () => {
  const dir = path.join(folder, 'repository')
  writeFolder(path.join(dir, 'data'), 'training', training)
  writeFolder(path.join(dir, 'data'), 'evaluation', evaluation)
  writeFolder(path.join(dir, 'corpus'), 'SameDifferent', concept)
  assert.equal((await arc({ set: 'arc-1', dir, augment: 5, seed: 3 })).hash, data.hash)
})

test('a saved data set opens without the files, the same', () => {
  const dir = path.join(folder, 'saved')
  assert.equal(saveDataset(data, dir), 'written')
  const opened = loadDataset(dir)
  assert.equal(opened.hash, data.hash)
  assert.deepEqual(opened.testTasks, data.testTasks)
  const names = (of: Dataset): string[] =>
    Array.from({ length: of.identifiers.count }, (_, id) => of.identifiers.name(id))
  assert.deepEqual(names(opened), names(data))
  const drawn = (of: Dataset): Batch => trainingBatches(of, { batch: 40, seed: 1 }).next()
  assert.deepEqual(drawn(opened), drawn(data))
  assert.equal(saveDataset(opened, dir), 'kept')
  assert.match(puzzleText(opened.manifest, opened.test.inputs), /^3 6 1 \|\n0 2 6 \|\n\| \| \| \.$/)
})

test('evaluation goes through every version of a test pair, in the corner, under its identifier', () => {
  assert.equal(countEvaluated(data), 3 * 6)
  const seen = new Set<string>()
  for (const batch of evaluationBatches(data, { batch: 5 }))
    for (let row = 0; row < batch.size; row++) {
      if (batch.rows[row] === -1) continue
      const name = data.identifiers.name(batch.puzzleIds[row]!)
      const { task, code } = parseVersionName(name, 'batch')
      const index = batch.rows[row]! - (task === 'e1' ? 0 : 2)
      const { input, output } = evaluation[task]!.test[index]!
      assert.deepEqual(crop(tokensOf(batch.inputs, batch, row), 30), applyVersion(flatten(input), code))
      const labels = tokensOf(batch.labels, batch, row).map((token) => (token === -100 ? 0 : token))
      assert.deepEqual(crop(labels, 30), applyVersion(flatten(output!), code))
      seen.add(`${name} ${index}`)
    }
  assert.equal(seen.size, 18)
})

test('in training every pair of a puzzle but one is moved, input and output alike, by what the version says', () => {
  const moved = new Map<string, string>()
  let still = 0
  let puzzles = 0
  for (const seed of [1, 2]) {
    const batches = trainingBatches(data, { batch: 20, seed })
    for (let i = 0; i < 60; i++) {
      const batch = batches.next()
      for (let row = 0; row < batch.size; row++) {
        const corner = (tokens: Int32Array): number => tokens.findIndex((token) => token >= 2)
        const input = corner(tokensOf(batch.inputs, batch, row))
        assert.equal(corner(tokensOf(batch.labels, batch, row)), input)
        const key = `${batch.rows[row]} ${batch.versions[row]}`
        const before = moved.get(key)
        if (before === undefined) {
          moved.set(key, String(input))
          puzzles++
          if (input === 0) still++
        } else assert.equal(before, String(input))
      }
    }
  }
  // One in three to one in six pairs stays in the corner; of those that move hardly one lands there.
  assert.ok(puzzles > 100)
  assert.ok(still / puzzles > 0.15 && still / puzzles < 0.4, `${still} of ${puzzles}`)
})

test('training on one set and testing on the other is refused by name, whatever the options', async () => {
  const refused: [Parameters<typeof arc>[0], RegExp][] = [
    [
      { set: 'arc-1', subsets: ['training2', 'evaluation'] },
      /key subsets: expected subsets of ARC-AGI-1.*training2, which belongs to ARC-AGI-2/,
    ],
    [{ set: 'arc-1', test: 'evaluation2' }, /key test: .*evaluation2, which belongs to ARC-AGI-2/],
    [{ set: 'arc-2', subsets: ['training', 'evaluation2'] }, /key subsets: .*training, which belongs to ARC-AGI-1/],
    [{ set: 'arc-2', test: 'evaluation', twins: 'keep' }, /key test: .*evaluation, which belongs to ARC-AGI-1/],
  ]
  for (const [options, message] of refused)
    await assert.rejects(arc({ dir: combined, ...options }), { name: 'UserError', message })
})

test("ARC-AGI-2's training folder is not taken for ARC-AGI-1's, nor ARC-AGI-1's evaluation folder for ARC-AGI-2's", async () => {
  const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')]
  writeFolder(one, 'training', { '00576224': jsonTask(8) })
  writeFolder(one, 'evaluation', evaluation)
  writeFolder(two, 'training', training)
  writeFolder(two, 'evaluation', { '00576224': jsonTask(8) })
  const message = /task 00576224: expected .* of ARC-AGI-\d, found that of ARC-AGI-\d/
  await assert.rejects(arc({ set: 'arc-1', dir: one, subsets: ['training', 'evaluation'] }), { message })
  await assert.rejects(arc({ set: 'arc-2', dir: two, subsets: ['training2', 'evaluation2'] }), { message })
})

test('a training task with a test pair of another is left out, refused or kept, and the manifest says which', async () => {
  const dir = path.join(folder, 'twins')
  const twin = { train: jsonTask(9).train, test: evaluation.e1!.test.slice(1) }
  writeCombined(dir, 'training', { ...training, twin })
  writeCombined(dir, 'evaluation', evaluation)
  const order = { set: 'arc-1', dir, subsets: ['training', 'evaluation'], augment: 3 } as const
  const skipped = await arc(order)
  assert.equal(skipped.train.groupStarts.length - 1, 4)
  assert.match(skipped.manifest.disjoint, /1 training task left out for that: twin has a test pair of e1/)
  const kept = await arc({ ...order, twins: 'keep' })
  assert.equal(kept.train.groupStarts.length - 1, 5)
  assert.match(kept.manifest.disjoint, /kept as asked: twin has a test pair of e1/)
  await assert.rejects(arc({ ...order, twins: 'refuse' }), {
    name: 'UserError',
    message: /twins, task twin: expected no test pair among .* found a test pair of e1\. Set twins=skip/,
  })
})

test('a tested task that holds the test pair of another tested one is refused', async () => {
  const dir = path.join(folder, 'tested-twins')
  const twin = { train: evaluation.e1!.test as JsonTask['train'], test: jsonTask(9).test }
  writeCombined(dir, 'evaluation', { ...evaluation, twin })
  const order = { set: 'arc-1', dir, subsets: 'evaluation', augment: 3 } as const
  await assert.rejects(arc(order), { message: /task twin: expected no test pair/ })
  assert.equal((await arc({ ...order, twins: 'keep' })).test.puzzleStarts.length - 1, 3)
})

test('without solutions [[0]] stands in for answers, with a warning; votes know that there is none', async () => {
  const dir = path.join(folder, 'unsolved')
  writeCombined(dir, 'evaluation', evaluation, { solutions: false })
  const unsolved = await arc({ set: 'arc-1', dir, subsets: 'evaluation', augment: 2 })
  assert.match(unsolved.manifest.solutions, /^WARNING: no answer is known for 3 test pairs and 0 training pairs/)
  assert.deepEqual(nested(crop(unsolved.test.labels, 30)), [[0]])
  assert.ok(unsolved.testTasks!.every(({ pairs }) => pairs.every(({ output }) => output === null)))
  const saved = path.join(folder, 'unsolved-saved')
  saveDataset(unsolved, saved)
  assert.deepEqual(loadDataset(saved).testTasks, unsolved.testTasks)
})

test('the versions of a published list are made, under its row numbers', async () => {
  const list = ['<blank>', 'Same1', 'e2', 'e2|||t1|||0213456789', 'gone', 'e1', 't2', 't1', 't1|||t6|||0123456798']
  const file = path.join(folder, 'identifiers.json')
  writeFileSync(file, JSON.stringify(list))
  const listed = await arc({ set: 'arc-1', dir: combined, identifiers: file })
  assert.equal(listed.manifest.puzzleIdentifiers, list.length)
  assert.deepEqual(
    list.map((_, id) => listed.identifiers.name(id)),
    list,
  )
  const ids = [...evaluationBatches(listed, { batch: 10 })].flatMap(({ puzzleIds, rows }) =>
    [...puzzleIds].filter((_, i) => rows[i] !== -1),
  )
  assert.deepEqual(ids, [5, 5, 2, 3])
  writeFileSync(file, JSON.stringify(list.filter((name) => name !== 'e1')))
  await assert.rejects(arc({ set: 'arc-1', dir: combined, identifiers: file }), {
    name: 'UserError',
    message: /identifiers\.json: expected every task of .*, found no e1/,
  })
})

test('unicode and odd names are names like others', async () => {
  const dir = path.join(folder, 'names')
  const names = ['задача', '図形 1', 'a/b', '007', 'toString']
  writeCombined(dir, 'evaluation', Object.fromEntries(names.map((name, i) => [name, jsonTask(10 + i)])))
  const named = await arc({ set: 'arc-1', dir, subsets: 'evaluation', augment: 1 })
  assert.deepEqual(named.testTasks!.map(({ name }) => name).sort(), [...names].sort())
})

test("the command line's texts make the same data set", async () => {
  const texts = { set: 'arc-1', dir: combined, augment: '5', seed: '3', subsets: 'training, evaluation,concept' }
  const ofTexts = (given: Record<string, string>) =>
    arc(optionsFromText(arcOptions, new Map(Object.entries(given)), 'an ARC data set'))
  assert.equal((await ofTexts(texts)).hash, data.hash)
  const generated = await ofTexts({ train: '3', test: '2', board: '6', augment: '2' })
  assert.equal(generated.hash, (await arc({ train: 3, test: 2, board: 6, augment: 2 })).hash)
})
