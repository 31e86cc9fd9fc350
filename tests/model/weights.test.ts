import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { disposeModel, initialModel, modelFromTensors, modelTensors } from '../../lib/model/model.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { swigluInner } from '../../lib/model/shape.js'
import { countParameters, initialTensors, truncatedNormal } from '../../lib/model/weights.js'
import { Random } from '../../lib/random.js'
import fc from '../fast-check.js'

const shape: ModelShape = {
  model: 'trm',
  latents: 'two',
  networks: 'shared',
  gradient: 'full',
  halting: 'halt',
  freeze: false,
  recursion: null,
  mixer: 'mlp',
  hidden: 512,
  heads: 8,
  layers: 2,
  layersH: 2,
  expansion: 4,
  positions: 'none',
  T: 3,
  n: 6,
  K: 16,
  puzzleTokens: 16,
  puzzleDim: 512,
  puzzleIdentifiers: 1,
  vocabSize: 11,
  seqLen: 81,
}
const small: ModelShape = { ...shape, hidden: 8, heads: 2, layers: 1, puzzleTokens: 1, puzzleDim: 8, seqLen: 4 }

before(async () => {
  await startBackend()
})

test('the paper’s Sudoku models have 5.03M (MLP) and about 7M (attention) parameters', () => {
  assert.equal((countParameters(shape) / 1e6).toFixed(2), '5.03')
  assert.equal((countParameters({ ...shape, mixer: 'attention' }) / 1e6).toFixed(1), '6.8')
})

test('the inner width of SwiGLU is a multiple of 256 that holds 2/3 of the expansion', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 8 }), (d, expansion) => {
      const inner = swigluInner(d, expansion)
      assert.equal(inner % 256, 0)
      assert.ok(inner >= Math.round((expansion * d * 2) / 3) && inner - 256 < Math.round((expansion * d * 2) / 3))
    }),
  )
})

test('a truncated normal stays within two uncut deviations and has the asked deviation', () => {
  const values = new Float32Array(200_000)
  truncatedNormal(values, 0.5, Random.of(1))
  const variance = values.reduce((sum, v) => sum + v * v, 0) / values.length
  assert.ok(Math.abs(Math.sqrt(variance) - 0.5) < 0.005)
  assert.ok(values.every((v) => Math.abs(v) <= (2 * 0.5) / 0.8796 + 1e-6))
})

test('one seed gives the same weights, another seed others', () => {
  const [a, b, c] = [initialTensors(small, 1), initialTensors(small, 1), initialTensors(small, 2)]
  assert.deepEqual(a, b)
  assert.notDeepEqual(a.get('lm_head.weight'), c.get('lm_head.weight'))
})

test('q_head starts with weight 0 and bias -5, the puzzle embedding with 0', () => {
  const tensors = initialTensors(small, 0)
  assert.ok(tensors.get('q_head.weight')!.data.every((v) => v === 0))
  assert.deepEqual([...tensors.get('q_head.bias')!.data], [-5, -5])
  assert.ok(tensors.get('puzzle_emb.weights')!.data.every((v) => v === 0))
})

test('a model survives being read out and made again', () => {
  const model = initialModel(small, 3)
  const again = modelFromTensors(small, modelTensors(model))
  assert.deepEqual(modelTensors(again), modelTensors(model))
  disposeModel(model)
  disposeModel(again)
})

test('a tensor of another shape is refused by name, and nothing is left behind', () => {
  const tensors = initialTensors(small, 0)
  const before = tf.memory().numTensors
  assert.throws(() => modelFromTensors({ ...small, vocabSize: 12 }, tensors), {
    name: 'UserError',
    message: /tensor embed_tokens\.embedding_weight: expected shape \[12, 8\], found \[11, 8\]/,
  })
  assert.equal(tf.memory().numTensors, before)
})
