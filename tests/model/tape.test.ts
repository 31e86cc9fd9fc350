import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { recurseOnTape } from '../../lib/model/recursion.js'
import { Tape } from '../../lib/model/tape.js'

before(async () => {
  await startBackend()
})

const state = (value: number): tf.Tensor3D => tf.tensor3d([[[value]]])
const numberOf = (tensor: tf.Tensor): number => tensor.dataSync()[0]!

/** factor · (a + b + …), on a tape; tells how many of the tape's tensors there are whenever a gradient is computed. */
function scaled(tape: Tape, factor: number, seen: number[] = []) {
  return (...addends: (tf.Tensor3D | undefined)[]): tf.Tensor3D => {
    const inputs = addends.filter((addend) => addend !== undefined)
    const output = tf.mul(tf.addN(inputs), factor) as tf.Tensor3D
    const gradient = (dy: tf.Tensor): tf.Tensor => {
      seen.push(tf.memory().numTensors)
      return tf.mul(dy, factor)
    }
    tape.record({ inputs, output, kept: [tf.scalar(factor)], gradient })
    return output
  }
}

test('the way back sums the gradients of everything that an input went into, and ignores what does not depend on it', () => {
  const tape = new Tape()
  const [twice, thrice] = [scaled(tape, 2), scaled(tape, 3)]
  const [x, other] = [state(5), state(7)]
  const a = twice(x, other)
  const b = thrice(a, x, a)
  twice(other)
  const dx = tape.backward(b, state(1), x)
  // b = 3 (2a + x), a = 2 (x + other)
  assert.equal(numberOf(dx), 15)
  assert.equal(numberOf(tape.backward(a, state(1), x)), 0, 'an empty tape has no gradient')
})

test('every tensor of a tape is freed on the way back, as soon as it is passed', () => {
  const x = state(1)
  const before = tf.memory().numTensors
  const tape = new Tape()
  const seen: number[] = []
  const twice = scaled(tape, 2, seen)
  const start = tf.tidy(() => tf.keep(twice(twice(twice(twice(x))))))
  tf.dispose(tf.tidy(() => tape.backward(start, state(1), x)))
  assert.equal(tf.memory().numTensors, before)
  assert.equal(seen.length, 4)
  for (const [i, count] of seen.slice(1).entries()) assert.ok(count < seen[i]!, `${seen}`)
})

test('a tape that nobody goes back on frees what it holds', () => {
  const x = state(1)
  const before = tf.memory().numTensors
  const tape = new Tape()
  tf.tidy(() => void scaled(tape, 2)(x))
  assert.equal(tf.memory().numTensors, before + 2)
  tape.dispose()
  assert.equal(tf.memory().numTensors, before)
})

test('for tfjs a recursion on a tape is one operation, whose gradient is that of the answer', () => {
  const tape = new Tape()
  const net = scaled(tape, 2)
  const nets = { L: net, H: net, plus: scaled(tape, 1) }
  const [z, y] = [state(1), state(3)]
  const updates = [
    ({ L }: typeof nets, x: tf.Tensor3D) => ({ z_L: L(z, y, x) }),
    ({ H }: typeof nets, _x: tf.Tensor3D, { z_L }: Record<string, tf.Tensor3D>) => ({ z_H: H(y, z_L!) }),
  ]
  const outside = tf.memory().numTensors
  const { z_H, z_L, dx } = tf.tidy(() => {
    let end: Record<string, tf.Tensor3D> = {}
    const dx = tf.grad((x) => {
      end = recurseOnTape(updates as never, nets as never, tape, x as tf.Tensor3D, { z_H: y, z_L: z }, 'z_H')
      tf.keep(end.z_H!)
      return tf.mul(end.z_H!, 10)
    })(state(5))
    return { ...end, dx } as Record<'z_H' | 'z_L' | 'dx', tf.Tensor3D>
  })
  assert.deepEqual([z_L, z_H, dx].map(numberOf), [18, 42, 40])
  tf.dispose([z_H, z_L, dx])
  assert.equal(tf.memory().numTensors, outside)
})
