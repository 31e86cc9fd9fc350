import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import type { Dtype } from '../../lib/backend/kernels.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { evaluateSteps } from '../../lib/evaluate/steps.js'
import { disposeModel, initialModel, type Model } from '../../lib/model/model.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { Random } from '../../lib/random.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { rolloutSteps } from '../../lib/think/rollouts.js'
import type { RolloutChoice } from '../../lib/think/rows.js'
import { type RolloutOptions, rolloutSettings } from '../../lib/think/settings.js'
import type { StepMeasures } from '../../lib/think/step-measures.js'
import { tinyShape } from '../model/tiny.js'

let data: Dataset
before(async () => {
  await startBackend()
  data = await sudoku({ box: '2x2', clues: 6, train: 2, test: 11, seed: 0 })
})

/** A model of 4×4 Sudokus whose heads answer differently from step to step. */
function model(change: Partial<ModelShape> = {}, dtype: Dtype = 'float32'): Model {
  const { vocabSize, seqLen, puzzleIdentifiers } = data.manifest
  const made = initialModel(tinyShape({ vocabSize, seqLen, puzzleIdentifiers, hidden: 64, K: 4, ...change }), 2)
  const draw = Random.of(7)
  made.weights['q_head.weight']!.dispose()
  const head = tf.tensor2d(
    Float32Array.from({ length: 2 * made.shape.hidden }, () => draw.normal()),
    [2, made.shape.hidden],
  )
  made.weights = { ...made.weights, 'q_head.weight': head }
  return made.with({ dtype })
}

/** All rows that rollouts yield, by `puzzle version rollout step`. */
async function rowsOf(
  tried: Model,
  options: RolloutOptions,
  choice: RolloutChoice = {},
): Promise<Map<string, Record<string, unknown>>> {
  const rows = new Map<string, Record<string, unknown>>()
  for await (const measures of rolloutSteps(tried, data, rolloutSettings(options, tried.shape.K), choice))
    for (const [key, row] of rowsIn(measures)) {
      assert.ok(!rows.has(key), `row ${key} twice`)
      rows.set(key, row)
    }
  return rows
}

function* rowsIn(measures: StepMeasures): Generator<[string, Record<string, unknown>]> {
  const { size, seqLen, step, puzzle, version, rollout, answers, criteria } = measures
  for (let i = 0; i < size; i++) {
    const { hash, exact, rightCells, qHalt, qContinue, deltaY, deltaZ, deltaLogits, changed, margin } = measures
    const columns = {
      hash,
      exact,
      rightCells,
      qHalt,
      qContinue,
      deltaY,
      deltaZ,
      deltaLogits,
      changed,
      margin,
      ...criteria,
    }
    yield [
      `${puzzle[i]} ${version[i]} ${rollout[i]} ${step}`,
      {
        ...Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]])),
        answer: answers.subarray(i * seqLen, (i + 1) * seqLen).join(''),
      },
    ]
  }
}

const sorted = (rows: Map<string, unknown>): [string, unknown][] => [...rows].sort(([a], [b]) => (a < b ? -1 : 1))

for (const mixer of ['attention', 'mlp'] as const)
  for (const dtype of ['float32', 'bfloat16'] as const)
    test(`with mixer=${mixer} in ${dtype} a seed gives the same rows bit for bit whatever batch and order`, async () => {
      const tried = model({ mixer, positions: mixer === 'mlp' ? 'none' : 'rope' }, dtype)
      const options = { rollouts: 3, noise: 0.3, target: 'both', relabel: true, seed: 5 } as const
      const expected = await rowsOf(tried, { ...options, batch: 100 })
      assert.equal(expected.size, 11 * 3 * 4)
      for (const batch of [1, 3, 7])
        assert.deepEqual(await rowsOf(tried, { ...options, batch }), expected, `batch ${batch}`)
      const puzzles = Random.of(3).shuffle(Array.from({ length: 11 }, (_, i) => i))
      assert.deepEqual(sorted(await rowsOf(tried, { ...options, batch: 7 }, { puzzles })), sorted(expected))
      disposeModel(tried)
    })

test('one rollout without noise predicts what an evaluation predicts after every step', async () => {
  const tried = model()
  const rows = await rowsOf(tried, { depth: 5, batch: 4 })
  const [batch] = evaluationBatches(data, { batch: 100 })
  for (const { step, predictions, qHalt } of evaluateSteps(tried, tried.weights, batch!, 5))
    for (let puzzle = 0; puzzle < 11; puzzle++) {
      const row = rows.get(`${puzzle} 0 0 ${step}`)!
      assert.equal(row.answer, predictions.subarray(puzzle * 16, (puzzle + 1) * 16).join(''))
      assert.ok(Math.abs((row.qHalt as number) - qHalt[puzzle]!) < 1e-4)
    }
  disposeModel(tried)
})
