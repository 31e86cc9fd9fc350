import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { kernels, setFast } from '../../lib/backend/kernels.js'
import { emptyBatch } from '../../lib/data/batch.js'
import { type Batch, type Dataset, IGNORE_LABEL } from '../../lib/data/dataset.js'
import { evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { evaluateBatch } from '../../lib/evaluate/evaluate.js'
import { evaluate } from '../../lib/evaluate/evaluation.js'
import type { PuzzleOutcome } from '../../lib/evaluate/outcomes.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { whyNoKernels } from '../kernels.js'
import { tinyShape } from '../model/tiny.js'

before(async () => void (await startBackend()))
const lacking = await whyNoKernels()

/** The batch with rows of padding up to `size`, as the last one of an evaluation once was. */
function padded(batch: Batch, size: number): Batch {
  const whole = emptyBatch(size, batch.seqLen)
  whole.labels.fill(IGNORE_LABEL)
  whole.rows.fill(-1)
  for (const key of ['inputs', 'labels', 'puzzleIds', 'rows', 'versions'] as const) whole[key].set(batch[key])
  return whole
}

function puzzles(): Promise<Dataset> {
  return sudoku({ box: [2, 2], clues: 6, train: 4, test: 24, seed: 5 })
}

/** Equal up to the last bits of the halting probability: plain products of matrices depend on how many rows there are. */
function assertAlike(actual: readonly PuzzleOutcome[], expected: readonly PuzzleOutcome[], tolerance: number): void {
  assert.equal(actual.length, expected.length)
  for (const [i, { haltProbability, ...outcome }] of actual.entries()) {
    const { haltProbability: wanted, ...rest } = expected[i]!
    assert.deepEqual(outcome, rest)
    assert.ok(Math.abs(haltProbability - wanted) <= tolerance, `${haltProbability} for ${wanted}`)
  }
}

for (const fast of [true, false])
  test(`outcomes with an evalBatch of 7 and of 300 are those of padded batches, ${fast ? 'fused kernels' : 'plain operations'}`, {
    skip: fast && lacking,
  }, async () => {
    const before = setFast(fast)
    assert.equal(kernels() !== null, fast)
    const data = await puzzles()
    const { seqLen, vocabSize } = data.manifest
    for (const mixer of ['mlp', 'attention'] as const) {
      const model = initialModel(tinyShape({ seqLen, vocabSize, mixer, K: 3 }), 2)
      try {
        for (const batch of [7, 300]) {
          const { outcomes } = await evaluate(model, data, { batch, supervisionSteps: 3 })
          const once = [...evaluationBatches(data, { batch })].flatMap(
            (rows) => evaluateBatch(model, model.weights, padded(rows, Math.min(batch, 24)), 3).outcomes,
          )
          assert.equal(outcomes.length, 24)
          assertAlike(outcomes, once, fast ? 0 : 1e-6)
        }
      } finally {
        disposeModel(model)
      }
    }
    setFast(before)
  })
