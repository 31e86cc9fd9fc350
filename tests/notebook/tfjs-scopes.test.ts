import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import vm from 'node:vm'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { freedIfItFails, peakTensorBytes } from '../../lib/backend/tensor-memory.js'
import { rememberScopes } from '../../lib/kernel/cells/tfjs-scopes.js'

before(() => startBackend())

/** Does work that never ends, and stops it as V8 stops a loop: no `catch` and no `finally` runs. */
function stopByForce(work: () => void): void {
  const holder = globalThis as { work?: () => void }
  holder.work = work
  assert.throws(() => vm.runInThisContext('work()', { timeout: 50 }), /timed out/)
  delete holder.work
}

function forever(): never {
  for (;;);
}

test('after a forced stop in a tidy its tensors are freed, and later ones are nobody else’s', () => {
  const { numTensors } = tf.memory()
  const restore = rememberScopes()
  stopByForce(() =>
    tf.tidy(() => {
      tf.zeros([3])
      tf.tidy(() => {
        tf.ones([3])
        forever()
      })
    }),
  )
  assert.equal(tf.memory().numTensors, numTensors + 2)
  restore()
  assert.equal(tf.memory().numTensors, numTensors)
  const kept = tf.zeros([2])
  tf.tidy(() => void tf.add(tf.ones([2]), 1))
  assert.equal(kept.isDisposed, false)
  kept.dispose()
  assert.equal(tf.memory().numTensors, numTensors)
})

test('after a forced stop in a gradient, gradients are right and nothing is recorded any more', () => {
  const x = tf.tensor1d([1, 2, 3])
  const { numTensors } = tf.memory()
  const restore = rememberScopes()
  const square = tf.customGrad((a, save) => {
    const saver = save as tf.GradSaveFunc
    saver([a as tf.Tensor])
    return { value: tf.square(a as tf.Tensor), gradFunc: (dy, [saved]) => tf.mul(dy, tf.mul(saved!, 2)) }
  })
  stopByForce(() => {
    tf.grad((y) => {
      const squared = square(tf.exp(y))
      forever()
      return squared
    })(x)
  })
  assert.ok(tf.memory().numTensors > numTensors)
  restore()
  assert.equal(tf.memory().numTensors, numTensors)
  const gradient = tf.grad((y) => tf.sum(square(y)))(x)
  assert.deepEqual([...gradient.dataSync()], [2, 4, 6])
  gradient.dispose()
  tf.tidy(() => void tf.exp(x))
  assert.equal(tf.memory().numTensors, numTensors)
  x.dispose()
})

test('a tensor that was made before, or is kept, survives; a scope that was open before stays open', () => {
  const { numTensors } = tf.memory()
  tf.engine().startScope()
  const inOuter = tf.zeros([1])
  const restore = rememberScopes()
  let kept: tf.Tensor | undefined
  stopByForce(() =>
    tf.tidy(() => {
      kept = tf.keep(tf.ones([1]))
      forever()
    }),
  )
  restore()
  assert.deepEqual([inOuter.isDisposed, kept!.isDisposed], [false, false])
  tf.engine().endScope()
  assert.deepEqual([inOuter.isDisposed, kept!.isDisposed], [true, false])
  kept!.dispose()
  assert.equal(tf.memory().numTensors, numTensors)
})

test('without TensorFlow.js, or when nothing was stopped, nothing happens', () => {
  const holder = globalThis as { _tfengine?: unknown }
  const engine = holder._tfengine
  delete holder._tfengine
  rememberScopes()()
  holder._tfengine = engine
  const { numTensors } = tf.memory()
  const restore = rememberScopes()
  const x = tf.zeros([1])
  restore()
  assert.equal(x.isDisposed, false)
  x.dispose()
  assert.equal(tf.memory().numTensors, numTensors)
})

test('after a forced stop in work that watches tensors, nobody watches those that come later', () => {
  const engine = tf.engine()
  const restore = rememberScopes()
  stopByForce(() => freedIfItFails(() => peakTensorBytes(forever)))
  assert.equal(Object.hasOwn(engine, 'trackTensor') && Object.hasOwn(engine, 'removeDataId'), true)
  restore()
  assert.equal(Object.hasOwn(engine, 'trackTensor') || Object.hasOwn(engine, 'removeDataId'), false)
  tf.zeros([2]).dispose()
})
