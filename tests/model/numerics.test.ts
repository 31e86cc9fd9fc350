import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { logStablemax, supervisionLoss } from '../../lib/model/loss.js'
import { rotary, rotaryTable } from '../../lib/model/rope.js'
import { initialOptimizer, optimizerStep } from '../../lib/train/optimizer.js'
import { learningRate } from '../../lib/train/schedule.js'
import { signSgdStep } from '../../lib/train/sign-sgd.js'
import { assertClose } from '../close.js'
import { root } from '../shared.js'

interface Numerics {
  rope: Record<'cos' | 'sin', number[][]> & Record<'q' | 'k' | 'q_rot' | 'k_rot', number[][][][]>
  stablemax: { logits: number[][][]; labels: number[][]; loss: number[][]; grad: number[][][]; log_probs: number[][][] }
  adam_atan2: { lr: number; weight_decay: number; betas: [number, number]; grads: number[][]; params: number[][] }
  sparse_sign_sgd: {
    lr: number
    weight_decay: number
    weights: number[][]
    ids: number[]
    grads: number[][]
    weights_after: number[][]
  }
  lr_schedule: {
    base_lr: number
    warmup_steps: number
    total_steps: number
    min_ratio: number
    steps: [number, number][]
  }[]
}

const golden = JSON.parse(readFileSync(path.join(root, 'tests/fixtures/golden/numerics.json'), 'utf8')) as Numerics

before(async () => {
  await startBackend()
})

test('rotary angles and rotated queries and keys are those of the published code', () => {
  const { cos, sin, q, k, q_rot, k_rot } = golden.rope
  const table = rotaryTable(cos.length, cos[0]!.length)
  assertClose(table.cos.dataSync(), cos.flat(), 1e-6)
  assertClose(table.sin.dataSync(), sin.flat(), 1e-6)
  assertClose(rotary(tf.tensor(q), table).dataSync(), q_rot.flat(3))
  assertClose(rotary(tf.tensor(k), table).dataSync(), k_rot.flat(3))
})

test('stablemax gives the published log probabilities, also for logits of ±80', () => {
  assertClose(logStablemax(tf.tensor(golden.stablemax.logits)).dataSync(), golden.stablemax.log_probs.flat(2))
})

test('the gradient of the stablemax cross-entropy is the published one', () => {
  const { logits, labels, grad } = golden.stablemax
  // The reference is of the plain sum over all counted tokens.
  const oneHot = tf.oneHot(tf.tensor(labels, undefined, 'int32'), logits[0]![0]!.length)
  const found = tf.grad((v: tf.Tensor) => tf.neg(tf.sum(tf.mul(logStablemax(v), oneHot))))(tf.tensor(logits))
  assertClose(found.dataSync(), grad.flat(2))
})

test('the slope of log stablemax is 1 - p at a logit of exactly 0', () => {
  const slope = tf.grad((v: tf.Tensor) => tf.sum(tf.slice(logStablemax(v), [0], [1])))(tf.tensor1d([0, 0]))
  assertClose(slope.dataSync(), [0.5, -0.5], 1e-6)
})

test('AdamATan2 makes the published updates', () => {
  const { lr, weight_decay, betas, grads, params } = golden.adam_atan2
  let weights: Record<string, tf.Tensor> = { w: tf.tensor1d(params[0]!) }
  let state = initialOptimizer(weights)
  grads.forEach((gradient, i) => {
    const options = { kind: 'adamatan2', beta1: betas[0], beta2: betas[1], weightDecay: weight_decay } as const
    const next = optimizerStep(weights, { w: tf.tensor1d(gradient) }, state, lr, options)
    weights = next.weights
    state = next.state
    assertClose(weights.w!.dataSync(), params[i + 1]!)
  })
})

test('sign-SGD sums the gradients of equal rows, moves the rows of the batch and no other', () => {
  const { lr, weight_decay, weights, ids, grads, weights_after } = golden.sparse_sign_sgd
  const table = Float32Array.from(weights.flat())
  signSgdStep(table, weights[0]!.length, Int32Array.from(ids), Float32Array.from(grads.flat()), {
    lr,
    weightDecay: weight_decay,
  })
  assertClose(table, weights_after.flat())
})

test('sign-SGD decays a row of the batch whose gradient is 0', () => {
  const table = Float32Array.from([1, -2])
  signSgdStep(table, 2, Int32Array.from([0]), new Float32Array(2), { lr: 0.1, weightDecay: 0.5 })
  assertClose(table, [0.95, -1.9], 1e-6)
})

test('learning rates follow the published warm-up and cosine', () => {
  for (const { base_lr, warmup_steps, total_steps, min_ratio, steps } of golden.lr_schedule)
    for (const [step, expected] of steps) {
      const schedule = { lr: base_lr, warmup: warmup_steps, lrMinRatio: min_ratio, totalSteps: total_steps }
      assert.ok(Math.abs(learningRate(schedule, step) - expected) <= 1e-6 * base_lr, `step ${step}`)
    }
})

test('a row without labels adds no token loss and counts as fully correct for halting', () => {
  const logits = tf.tensor3d([[[1, 2, 3]]])
  const outputs = { logits, qHalt: tf.tensor1d([0]), qContinue: tf.tensor1d([0]) }
  const loss = supervisionLoss(outputs, tf.tensor2d([[-100]], [1, 1], 'int32'), 'stablemax')
  assertClose(loss.lm.dataSync(), [0])
  assertClose(loss.qHalt.dataSync(), [Math.log(2)])
})
