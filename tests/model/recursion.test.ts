import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import {
  type Net,
  type Networks,
  programsOf,
  recurse,
  recurseWithoutGradient,
  recursionOf,
  type State,
} from '../../lib/model/recursion.js'
import { depth, latentNames, type ModelShape } from '../../lib/model/shape.js'
import { tinyShape } from './tiny.js'

before(async () => {
  await startBackend()
})

const scalar = (value: number): tf.Tensor3D => tf.tensor3d([[[value]]])
const numberOf = (tensor: tf.Tensor): number => tensor.dataSync()[0]!

/** a + (b + c) */
const sum: Net = (a, b, c) => {
  const rest = b && c ? tf.add(b, c) : b
  return rest ? tf.add(a, rest) : a
}

/** Runs one supervision step on numbers and tells every call: which network, and the sum it was given. */
function callsOf(change: Partial<ModelShape>, start: Readonly<Record<string, number>>) {
  const calls: string[] = []
  const net =
    (name: string): Net =>
    (a, b, c) => {
      const rest = b ? [numberOf(b) + (c ? numberOf(c) : 0)] : []
      calls.push(`${name}(${[numberOf(a), ...rest].join(' + ')})`)
      return scalar(calls.length * 1000)
    }
  const nets: Networks = { net: net('net'), netY: net('netY'), plus: sum }
  const shape = tinyShape(change)
  const { gradientUpdates } = recursionOf(shape)
  const state = Object.fromEntries(Object.entries(start).map(([name, value]) => [name, scalar(value)]))
  const after = recurse(programsOf(shape).all, nets, scalar(1), state)
  return { calls, gradientUpdates, after: Object.fromEntries(Object.entries(after).map(([k, v]) => [k, numberOf(v)])) }
}

test('the TRM updates z n times from z and y + x, then y from y and z, T times', () => {
  const { calls, after, gradientUpdates } = callsOf({ T: 2, n: 2 }, { y: 10, z: 20 })
  assert.deepEqual(calls, [
    'net(20 + 11)',
    'net(1000 + 11)',
    'netY(10 + 2000)',
    'net(2000 + 3001)',
    'net(4000 + 3001)',
    'netY(3000 + 5000)',
  ])
  assert.deepEqual(after, { y: 6000, z: 5000 })
  assert.equal(gradientUpdates, 3)
})

test('HRM makes the same calls, and only its last two carry gradient', () => {
  const start = { y: 10, z: 20 }
  const [hrm, trm] = [callsOf({ model: 'hrm', T: 2, n: 3 }, start), callsOf({ T: 2, n: 3 }, start)]
  assert.deepEqual(hrm.calls, trm.calls)
  assert.deepEqual([hrm.gradientUpdates, trm.gradientUpdates], [2, 4])
})

test('single z: z looks at x n times, then settles without it', () => {
  const { calls, after } = callsOf({ latents: 'single', T: 1, n: 2 }, { z: 20 })
  assert.deepEqual(calls, ['net(20 + 1)', 'net(1000 + 1)', 'net(2000)'])
  assert.deepEqual(after, { z: 3000 })
})

test('multi-scale z: each z_i in turn is made of the sum of all as it is then', () => {
  const { calls, after } = callsOf({ latents: 'multi', T: 1, n: 3 }, { y: 10, z1: 1, z2: 2, z3: 3 })
  assert.deepEqual(calls, ['net(6 + 11)', 'net(1005 + 11)', 'net(3003 + 11)', 'netY(10 + 6000)'])
  assert.deepEqual(after, { y: 4000, z1: 1000, z2: 2000, z3: 3000 })
})

test('direct prediction makes one update of y, with x', () => {
  const { calls, gradientUpdates } = callsOf({ model: 'direct', latents: 'single', T: 1, n: 0 }, { y: 10 })
  assert.deepEqual([calls, gradientUpdates], [['netY(10 + 1)'], 1])
})

test('the 1-step gradient is that of the last two updates, whatever the latents', () => {
  for (const latents of ['two', 'single', 'multi'] as const)
    assert.equal(callsOf({ latents, gradient: 'one-step', T: 3, n: 1 }, { y: 1, z: 2, z1: 3 }).gradientUpdates, 2)
})

test('the updates pass through T(n + 1) networks', () => {
  for (const [T, n] of [
    [1, 1],
    [3, 6],
    [2, 4],
  ] as const)
    for (const latents of ['two', 'single', 'multi'] as const) {
      const shape = tinyShape({ latents, T, n, layers: 2 })
      assert.equal(recursionOf(shape).order.length * 2, depth(shape))
    }
  assert.equal(depth(tinyShape({ networks: 'separate', T: 2, n: 3, layers: 1, layersH: 5 })), 2 * (3 + 5))
})

test('as a program, updates are assignments to numbered states: x, the latents, then one for each call', () => {
  const program = (change: Partial<ModelShape>) => {
    const shape = tinyShape(change)
    const { assignments, ends } = programsOf(shape).all
    return { assignments: assignments.map(({ net, addends }) => `${net}(${addends.join(' + ')})`), ends }
  }
  assert.deepEqual(program({ T: 1, n: 2 }), {
    assignments: ['net(2 + 1 + 0)', 'net(3 + 1 + 0)', 'netY(1 + 4)'],
    ends: { y: 5, z: 4 },
  })
  assert.deepEqual(program({ latents: 'multi', T: 1, n: 2 }), {
    assignments: ['plus(2 + 3)', 'net(4 + 1 + 0)', 'plus(5 + 3)', 'net(6 + 1 + 0)', 'plus(5 + 7)', 'netY(1 + 8)'],
    ends: { y: 9, z1: 5, z2: 7 },
  })
  assert.deepEqual(programsOf(tinyShape({ model: 'direct', latents: 'single' })).constant, {
    latents: ['y'],
    assignments: [],
    ends: { y: 1 },
  })
})

test('updates without gradient leave the given state and free every state between', () => {
  for (const latents of ['two', 'single', 'multi'] as const) {
    const shape = tinyShape({ latents, T: 3, n: 2 })
    const x = tf.fill([1, 2, 2], 1) as tf.Tensor3D
    const start: State = Object.fromEntries(latentNames(shape).map((name) => [name, tf.fill([1, 2, 2], 2)]))
    const net: Net = (...addends) => tf.tanh(tf.addN(addends.filter((addend) => addend !== undefined)))
    const nets: Networks = { net, netY: net, plus: sum }
    const before = tf.memory().numTensors
    const after = recurseWithoutGradient(programsOf(shape).all, nets, x, start)
    assert.equal(tf.memory().numTensors, before + latentNames(shape).length)
    assert.ok(Object.values(start).every((latent) => !latent.isDisposed))
    tf.dispose([x, ...Object.values(start), ...Object.values(after)])
  }
})
