import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { type Networks, recurseOnTape, type State, type Update } from '../../lib/model/recursion.js'
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

test('the way back sums the gradients of everything that an input went into, and ignores what was not recorded', () => {
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

test('the way back goes through everything that the output was computed from, for the sake of the weights', () => {
  const tape = new Tape()
  const seen: number[] = []
  const twice = scaled(tape, 2, seen)
  const answer = twice(twice(state(3)))
  assert.equal(numberOf(tape.backward(answer, state(1), state(5))), 0)
  assert.equal(seen.length, 2)
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
  const nets: Networks = { L: net, H: net, plus: scaled(tape, 1) }
  const start: State = { z_H: state(3), z_L: state(1) }
  const updates: Update[] = [
    ({ L }, x, { z_H, z_L }) => ({ z_L: L(z_L!, z_H!, x) }),
    ({ H }, _x, { z_H, z_L }) => ({ z_H: H(z_H!, z_L!) }),
  ]
  const outside = tf.memory().numTensors
  let end: State = {}
  const dx = tf.tidy(() =>
    tf.grad((x) => {
      end = recurseOnTape(updates, nets, tape, x as tf.Tensor3D, start, 'z_H')
      return tf.mul(tf.keep(end.z_H!), 10)
    })(state(5)),
  )
  assert.deepEqual([end.z_L!, end.z_H!, dx].map(numberOf), [18, 42, 40])
  tf.dispose([...Object.values(end), dx])
  assert.equal(tf.memory().numTensors, outside)
})
