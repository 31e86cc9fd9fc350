import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { tokenJacobian, tokenMlp } from '../../lib/model/swiglu.js'
import { Random } from '../../lib/random.js'

before(() => startBackend())

test('the Jacobian of the token MLP is the limit of its differences', () => {
  const random = Random.of(0, 'jacobian')
  const draw = (...shape: number[]): tf.Tensor =>
    tf.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
      shape,
    )
  const weights = { gate_up_proj: draw(12, 3), down_proj: draw(3, 6) }
  const h = draw(1, 3, 2)
  const found = tokenJacobian(tf.squeeze(h, [0]), weights).arraySync()
  const at = (token: number, channel: number, change: number): number[][] => {
    const values = h.arraySync() as number[][][]
    values[0]![token]![channel]! += change
    return (tokenMlp(tf.tensor3d(values), weights).arraySync() as number[][][])[0]!
  }
  const epsilon = 1e-2
  for (const channel of [0, 1])
    for (const source of [0, 1, 2]) {
      const [up, down] = [at(source, channel, epsilon), at(source, channel, -epsilon)]
      for (const token of [0, 1, 2]) {
        const expected = (up[token]![channel]! - down[token]![channel]!) / (2 * epsilon)
        assert.ok(Math.abs(found[channel]![token]![source]! - expected) < 2e-2 * Math.max(1, Math.abs(expected)))
      }
    }
})
