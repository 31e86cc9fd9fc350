import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { peakTensorBytes } from '../../lib/backend/tensor-memory.js'

before(async () => void (await startBackend()))

test('the peak counts data once, however many tensors share it, and what was freed not at all', () => {
  const bytes = peakTensorBytes(() => {
    const a = tf.zeros([250])
    tf.dispose([tf.clone(a), tf.reshape(a, [25, 10]), a])
    const b = tf.ones([1000])
    tf.dispose([b, tf.clone(b)])
  })
  assert.equal(bytes, 4000)
})

test('after work that fails everything is counted as before', () => {
  assert.throws(() =>
    peakTensorBytes(() => {
      throw new Error('stop')
    }),
  )
  const before = tf.memory().numTensors
  tf.zeros([3]).dispose()
  assert.equal(tf.memory().numTensors, before)
})
