import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { embed } from '../../lib/model/embed.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { linear, rmsNorm } from '../../lib/model/ops.js'
import { checkShape } from '../../lib/model/shape.js'
import { swiglu, tokenMlp } from '../../lib/model/swiglu.js'
import { Random } from '../../lib/random.js'
import { assertClose } from '../close.js'
import fc from '../fast-check.js'
import { tinyShape } from './tiny.js'

before(async () => {
  await startBackend()
})

const random = (seed: number, ...shape: number[]): tf.Tensor => {
  const draw = Random.of(seed)
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.normal()),
    shape,
  )
}

/**
 * Value and gradients of two functions of the same tensors agree, for a random direction. The tensors are normal, so the terms of each sum have order 1:
 * where they cancel, their rounding stays, and the error is not relative to the sum.
 */
function assertSame(f: (...x: tf.Tensor[]) => tf.Tensor, g: (...x: tf.Tensor[]) => tf.Tensor, x: tf.Tensor[]): void {
  const direction = random(99, ...f(...x).shape)
  const scalar =
    (h: typeof f) =>
    (...x: tf.Tensor[]) =>
      tf.sum(tf.mul(h(...x), direction)) as tf.Scalar
  assertClose(f(...x).dataSync(), g(...x).dataSync(), 1e-5, { atLeast: 1 })
  const [a, b] = [tf.grads(scalar(f))(x), tf.grads(scalar(g))(x)]
  for (const [i, gradient] of a.entries()) assertClose(gradient.dataSync(), b[i]!.dataSync(), 1e-5, { atLeast: 1 })
}

const sizes = fc.record({
  B: fc.integer({ min: 1, max: 3 }),
  L: fc.integer({ min: 1, max: 6 }),
  D: fc.integer({ min: 1, max: 6 }),
  inner: fc.integer({ min: 1, max: 7 }),
  seed: fc.nat(1000),
})

test('SwiGLU over the channels and its gradients are those of the formula in plain operations', () => {
  fc.assert(
    fc.property(sizes, ({ B, L, D, inner, seed }) => {
      const plain = (x: tf.Tensor, gateUp: tf.Tensor, down: tf.Tensor): tf.Tensor => {
        const [gate, up] = tf.split(tf.matMul(tf.reshape(x, [B * L, D]), gateUp, false, true), 2, 1)
        const hidden = tf.mul(tf.mul(gate!, tf.sigmoid(gate!)), up!)
        return tf.reshape(tf.matMul(hidden, down, false, true), [B, L, D])
      }
      const fused = (x: tf.Tensor, gateUp: tf.Tensor, down: tf.Tensor): tf.Tensor =>
        swiglu(x as tf.Tensor3D, { gate_up_proj: gateUp!, down_proj: down! })
      assertSame(fused, plain, [random(seed, B, L, D), random(seed + 1, 2 * inner, D), random(seed + 2, D, inner)])
    }),
    { numRuns: 20 },
  )
})

test('SwiGLU over the tokens is SwiGLU over the channels of the transpose', () => {
  fc.assert(
    fc.property(sizes, ({ B, L, D, inner, seed }) => {
      const transposed = (x: tf.Tensor, gateUp: tf.Tensor, down: tf.Tensor): tf.Tensor => {
        const turned = tf.transpose(x, [0, 2, 1]) as tf.Tensor3D
        return tf.transpose(swiglu(turned, { gate_up_proj: gateUp!, down_proj: down! }), [0, 2, 1])
      }
      const direct = (x: tf.Tensor, gateUp: tf.Tensor, down: tf.Tensor): tf.Tensor =>
        tokenMlp(x as tf.Tensor3D, { gate_up_proj: gateUp!, down_proj: down! })
      assertSame(direct, transposed, [
        random(seed, B, L, D),
        random(seed + 1, 2 * inner, L),
        random(seed + 2, L, inner),
      ])
    }),
    { numRuns: 20 },
  )
})

test('RMSNorm and its gradient are those of the formula, over either axis', () => {
  for (const axis of [1, 2]) {
    const plain = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), axis, true), 1e-5)))
    assertSame((x) => rmsNorm(x, axis), plain, [random(axis, 2, 5, 3)])
  }
})

test('a linear map and its gradients are those of the plain product', () => {
  const plain = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
    tf.reshape(tf.matMul(tf.reshape(x, [6, 4]), w, false, true), [2, 3, 5])
  assertSame((x, w) => linear(x, w), plain, [random(1, 2, 3, 4), random(2, 5, 4)])
})

const shape = tinyShape({ expansion: 4, T: 1, n: 1, K: 1, puzzleTokens: 2, puzzleDim: 10, puzzleIdentifiers: 3 })

test('the embedding puts the zero-padded puzzle row before the tokens and multiplies by √D', () => {
  const model = initialModel(shape, 0)
  const row = random(5, 1, 10) as tf.Tensor2D
  const x = embed(tf.tensor2d([[1, 0, 4, 4]], [1, 4], 'int32'), model.weights, shape, row).arraySync()[0]!
  const table = model.weights['embed_tokens.embedding_weight']!.arraySync() as number[][]
  const scale = Math.sqrt(8)
  const padded = [...row.dataSync(), 0, 0, 0, 0, 0, 0].map((v) => v * scale)
  assertClose([...x[0]!, ...x[1]!], padded)
  assertClose(
    x[2]!,
    table[1]!.map((v) => v * scale),
  )
  assertClose(
    x[5]!,
    table[4]!.map((v) => v * scale),
  )
  disposeModel(model)
})

test('sizes that do not fit together are refused by key', () => {
  assert.throws(() => checkShape({ ...shape, heads: 8 }), /heads: expected an even head size/)
  assert.throws(() => checkShape({ ...shape, heads: 9 }), /heads: expected at most hidden/)
  assert.throws(() => checkShape({ ...shape, puzzleDim: 17 }), /puzzleDim: expected at most puzzleTokens × hidden = 16/)
})
