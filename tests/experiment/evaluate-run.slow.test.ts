import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { kernels } from '../../lib/backend/kernels.js'
import type { EvaluateRunOptions } from '../../lib/experiment/run/evaluate-run.js'
import { arc, type Dataset, evaluateRun, solve, sudoku, type TrainOptions, train } from '../../lib/index.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import { writeWeightsFile } from '../../lib/interop/weights-write.js'
import { openRun } from '../../lib/results/run.js'
import { readWeightsOf } from '../../lib/results/weights-file.js'

let resultsDir = ''
let tasks: Dataset
let run = ''
const tiny = { hidden: 16, heads: 2, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 4, evalBatch: 20 } as const
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-evaluate-'))
  tasks = await arc({ set: 'generated', train: 6, test: 2, board: 6, augment: 3 })
  run = await train({ ...tiny, task: 'arc', mixer: 'attention', puzzleLr: 1 }, tasks, { resultsDir, observer: {} })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const silent = { onBatch: () => {} }

test('on a run’s own data, puzzleEmbedding replaces the rows as asked, and notes say so', async () => {
  const halting = async (puzzleEmbedding?: 'zero' | 'mean') => {
    const options = { resultsDir, data: tasks, ...silent, ...(puzzleEmbedding ? { puzzleEmbedding } : {}) }
    const { evaluation, notes } = await evaluateRun(run, options)
    return { said: evaluation.outcomes.map(({ haltProbability }) => haltProbability), notes: notes.join('; ') }
  }
  const [own, zero, mean] = [await halting(), await halting('zero'), await halting('mean')]
  assert.notDeepEqual(zero.said, own.said)
  assert.notDeepEqual(mean.said, own.said)
  assert.notDeepEqual(mean.said, zero.said)
  const rows = tasks.manifest.puzzleIdentifiers
  assert.doesNotMatch(own.notes, /puzzle embedding/)
  assert.match(zero.notes, new RegExp(`puzzle embedding: ${rows} rows replaced by ${rows}, all of them zero`))
  assert.match(
    mean.notes,
    new RegExp(`puzzle embedding: ${rows} rows replaced by ${rows}, each the mean of the ${rows}`),
  )
})

test('a run that begins with weights whose rows are replaced says so, also where their number fits', async () => {
  const notes: string[] = []
  await train({ ...tiny, task: 'arc', mixer: 'attention', trainSteps: 1, evalEvery: 1 }, tasks, {
    resultsDir,
    init: { from: run, puzzleEmbedding: 'zero' },
    observer: { onNote: (note) => notes.push(note) },
  })
  assert.match(notes.join('; '), /init: puzzle embedding: \d+ rows replaced by \d+, all of them zero/)
})

test('a run begins with the weights of the checkpoint that is asked for', async () => {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 4, seed: 3 })
  const short = { ...tiny, puzzleDim: 0, trainSteps: 3, evalEvery: 3, checkpointEvery: 1 }
  const from = await train(short, data, { resultsDir, observer: {} })
  const hash = async (init: NonNullable<TrainOptions['init']>): Promise<unknown> => {
    const id = await train({ ...short, trainSteps: 1, evalEvery: 1 }, data, { resultsDir, observer: {}, init })
    return (openRun(id, resultsDir).provenance as { init?: { hash?: unknown } }).init?.hash
  }
  const newest = await hash({ from })
  assert.equal(await hash({ from, checkpoint: 3 }), newest)
  assert.notEqual(await hash({ from, checkpoint: 2 }), newest)
  await assert.rejects(hash({ from, checkpoint: 7 }), /checkpoint/)
})

test('options of an evaluation or a solving that would have no effect are refused by name', async () => {
  const { numTensors } = tf.memory()
  const data = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 4, seed: 3 })
  const id = await train({ ...tiny, puzzleDim: 0, halting: 'none' }, data, { resultsDir, observer: {} })
  await assert.rejects(
    evaluateRun(id, { resultsDir, puzzleEmbedding: 'mean' }),
    /puzzleEmbedding: expected nothing, as it would have no effect: the model has no puzzle embedding/,
  )
  await assert.rejects(
    evaluateRun(id, { resultsDir, halt: true }),
    /halt: expected nothing, as it would have no effect/,
  )
  await assert.rejects(
    train({ ...tiny, halting: 'none', evalHalt: true }, data, { resultsDir }),
    /key evalHalt: expected nothing/,
  )
  await assert.rejects(
    solve(id, '1...............', { resultsDir, task: 'a' }),
    /task: expected nothing, as it would have no effect: only ARC tasks have names/,
  )
  assert.equal(tf.memory().numTensors, numTensors)
})

test('weights that are not finite are refused by whoever would compute with them', async () => {
  const stored = await readWeightsOf(run, { resultsDir })
  const file = path.join(resultsDir, 'diverged.safetensors')
  const head = stored.tensors.get('lm_head.weight')!
  const tensors = new Map([...stored.tensors, ['lm_head.weight', { ...head, data: head.data.map(() => Number.NaN) }]])
  writeWeightsFile(file, { ...stored, tensors })
  const refused = /diverged\.safetensors: expected finite weights, found NaN in lm_head\.weight \(\d+ of \d+ numbers\)/
  await assert.rejects(evaluateRun(file, { data: tasks, ...silent }), refused)
  await assert.rejects(
    train({ ...tiny, task: 'arc', mixer: 'attention' }, tasks, { resultsDir, observer: {}, init: { from: file } }),
    refused,
  )
  const task = JSON.stringify({ train: [{ input: [[1]], output: [[1]] }], test: [{ input: [[1]] }] })
  await assert.rejects(solve(file, task, { data: tasks }), refused)
})

test('weights= of a file that does not say which set it holds is noted', async () => {
  const file = path.join(resultsDir, 'plain.safetensors')
  const stored = await readWeightsOf(run, { resultsDir })
  writeWeightsFile(file, { ...stored, weights: 'saved' })
  const { notes } = await readWeightsFile(file, { weights: 'live' })
  assert.ok(notes.includes('weights=live: the file holds one set, and does not say which'), notes.join('; '))
})

test('an evaluation beyond the trained depth is computed in float32 unless a type is asked for', async () => {
  const { units } = kernels() ?? { units: null }
  const dtypeOf = async (options: EvaluateRunOptions): Promise<string> =>
    (await evaluateRun(run, { resultsDir, data: tasks, ...silent, ...options })).dtype
  const trained = units?.bfloat16 === 'AMX' ? 'bfloat16' : 'float32'
  assert.equal(await dtypeOf({ supervisionSteps: tiny.K }), trained)
  assert.equal(await dtypeOf({ supervisionSteps: tiny.K + 1 }), 'float32')
  assert.equal(await dtypeOf({ supervisionSteps: tiny.K + 1, dtype: 'auto' }), trained)
})
