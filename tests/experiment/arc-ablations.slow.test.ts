import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { arc, type Dataset, evaluateRun, identityAblation, sudoku, train, votesAblation } from '../../lib/index.js'
import { writeWeightsFile } from '../../lib/interop/weights-write.js'
import { readWeightsOf } from '../../lib/results/weights-file.js'

let resultsDir = ''
let tasks: Dataset
let boards: Dataset
let run = ''
const tiny = { hidden: 16, heads: 2, T: 1, n: 1, K: 2, batch: 32, lr: 3e-3, warmup: 5, evalBatch: 20 } as const
const silent = { onBatch: () => {} }
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-arc-ablations-'))
  tasks = await arc({ set: 'generated', train: 12, test: 4, board: 6, augment: 7 })
  boards = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 4, seed: 3 })
  const config = {
    ...tiny,
    task: 'arc',
    mixer: 'attention',
    puzzleLr: 1,
    puzzleWeightDecay: 0,
    trainSteps: 80,
    evalEvery: 80,
  } as const
  run = await train(config, tasks, { resultsDir, observer: {} })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

test('every row of a votes ablation is an evaluation with as many versions, and all come from one pass', async () => {
  const { numTensors } = tf.memory()
  let total = 0
  const onProgress = (_: number, all: number): void => {
    total = all
  }
  const made = await votesAblation(run, tasks, { resultsDir, onProgress })
  assert.equal(tf.memory().numTensors, numTensors)
  assert.deepEqual(
    made.rows.map(({ versions }) => versions),
    [1, 2, 4, 8],
  )
  const rowsOf = async (versions: number) => {
    const { evaluation } = await evaluateRun(run, { resultsDir, data: tasks, versions, ...silent })
    return { votes: evaluation.votes!, rows: evaluation.puzzles }
  }
  for (const { versions, votes, pass, gain } of made.rows) {
    const expected = await rowsOf(versions)
    assert.equal(pass['test.pass@1']!.value, expected.votes.pass!['pass@1'], `${versions} versions`)
    assert.equal(pass['test.pass@2']!.value, expected.votes.pass!['pass@2'], `${versions} versions`)
    assert.equal(votes, expected.votes.predictions)
    const first = made.rows[0]!.pass['test.pass@2']!.value
    assert.equal(gain?.['test.pass@2']?.value ?? 0, pass['test.pass@2']!.value - first)
  }
  assert.equal(total, 2 * (await rowsOf(8)).rows)
  const table = made.table()
  assert.deepEqual(Object.keys(table[1]!).slice(0, 4), ['versions', 'votes', 'pass@1 (%)', 'gain in pass@1 (points)'])
  assert.match(made.figure().caption(), /Solved test inputs \(%\) against versions in the vote\./)
})

test('an identity ablation exchanges the rows of the puzzle embedding and nothing else', async () => {
  const made = await identityAblation(run, tasks, { resultsDir, metric: 'test.cells', seed: 5 })
  const evaluated = async (place: string, options: object = {}): Promise<number | null> => {
    const { evaluation } = await evaluateRun(place, { data: tasks, ...silent, ...options })
    return evaluation['test.cells']
  }
  const near = (actual: number, expected: number | null): void =>
    assert.ok(expected !== null && Math.abs(actual - expected) < 1e-6, `${actual} for ${expected}`)
  near(made.row('right').accuracy.value, await evaluated(run, { resultsDir }))
  // A file in which every row is the blank one.
  const stored = await readWeightsOf(run, { resultsDir })
  const table = stored.tensors.get('puzzle_emb.weights')!
  const [rows, dim] = table.shape as [number, number]
  const data = Float32Array.from({ length: rows * dim }, (_, i) => table.data[i % dim]!)
  const file = path.join(resultsDir, 'blank.safetensors')
  writeWeightsFile(file, {
    ...stored,
    tensors: new Map([...stored.tensors, ['puzzle_emb.weights', { ...table, data }]]),
  })
  near(made.row('blank').accuracy.value, await evaluated(file))
  const values = made.rows.map(({ accuracy }) => accuracy.value)
  assert.equal(new Set(values).size, 3, values.join(', '))
  const { difference } = made.row('random')
  assert.ok(Math.abs(difference!.value - (values[2]! - values[0]!)) < 0.02, 'the difference is over puzzles')
  assert.deepEqual([made.row('right').difference, difference!.n], [null, made.row('right').accuracy.n])
  const again = await identityAblation(run, tasks, { resultsDir, metric: 'test.cells', seed: 5 })
  assert.deepEqual(again.table(), made.table())
  const other = await identityAblation(run, tasks, { resultsDir, metric: 'test.cells', seed: 6 })
  assert.notEqual(other.row('random').accuracy.value, values[2])
})

test('an identity ablation on ARC is in pass@1 by default, with the published one in its figure', async () => {
  const made = await identityAblation(run, tasks, { resultsDir, puzzles: 3 })
  assert.equal(made.metric, 'test.pass@1')
  assert.match(made.figure().caption(), /Reported: blank 0 \(arXiv 2512\.11847\)/)
  assert.match(made.footnotes().join(' '), /3 of \d+ test puzzles \(drawn\)/)
})

test('ablations of votes and identities refuse puzzles that have neither, and numbers of versions beyond the data', async () => {
  const id = await train({ ...tiny, trainSteps: 1, evalEvery: 1 }, boards, { resultsDir, observer: {} })
  const bare = await train({ ...tiny, trainSteps: 1, evalEvery: 1, puzzleDim: 0 }, boards, { resultsDir, observer: {} })
  await assert.rejects(votesAblation(id, boards, { resultsDir }), /whose versions vote .*, found one of task=sudoku/)
  await assert.rejects(identityAblation(id, boards, { resultsDir }), /found task=sudoku, whose puzzles share one/)
  await assert.rejects(
    identityAblation(bare, boards, { resultsDir }),
    /a model with a puzzle embedding .*, found one without/,
  )
  const refuses = (versions: number[], message: RegExp): Promise<void> =>
    assert.rejects(votesAblation(run, tasks, { resultsDir, versions }), message)
  await refuses([1, 9], /versions: expected whole numbers from 1 to 8, the versions of the data set, found 9/)
  await refuses([0], /found 0/)
  await refuses([2, 2], /each number once, found 2 twice/)
  await refuses([], /expected a list of whole numbers, e\.g\. \[1, 2, 4\], found none/)
  await assert.rejects(
    identityAblation(run, tasks, { resultsDir, metric: 'test.pass@9' }),
    /metric test\.pass@9: expected one of/,
  )
})
