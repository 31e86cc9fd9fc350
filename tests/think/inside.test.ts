import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { Interrupted, UserError } from '../../lib/errors.js'
import { evaluateSteps } from '../../lib/evaluate/steps.js'
import { disposeModel, initialModel, type Model } from '../../lib/model/model.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { recursion } from '../../lib/recursion/recursion.js'
import { repeat, type Update } from '../../lib/recursion/update.js'
import { recordInside } from '../../lib/think/inside.js'
import type { InsideSettings } from '../../lib/think/inside-state.js'
import { randomBatch, tinyShape } from '../model/tiny.js'

const SETTINGS: InsideSettings = {
  depth: 3,
  rollouts: 1,
  noise: 0,
  target: 'z',
  noiseAt: 'step',
  puzzle: ['test', 0, 0],
  init: 'learned',
  initStd: 1,
  seed: 0,
  watched: 0,
  sources: 3,
}

before(() => startBackend())

const withMemory: Update<'m'> = ({ net }, x, { z, m }) => ({ m: net(m, z, x) })
const fromMemory: Update<'m'> = ({ net, plus }, x, { z, m, y }) => ({ z: net(z, plus(m, x)), y: plus(y, m) })
const ofCell = recursion(repeat(2, [withMemory, fromMemory]))

const shapes: Readonly<Record<string, Partial<ModelShape>>> = {
  'attention, two latents': {},
  'MLP over tokens': { mixer: 'mlp', layers: 2 },
  'a single latent': { latents: 'single' },
  'several latents z': { latents: 'multi' },
  HRM: { model: 'hrm', networks: 'separate', halting: 'continue', layers: 2 },
  'direct prediction': { model: 'direct', T: 1, n: 0 },
  'a recursion of a cell': { recursion: ofCell },
}

for (const [name, change] of Object.entries(shapes))
  test(`the last update of every step gives the step's own answer, and nothing stays in memory: ${name}`, async () => {
    const model = initialModel(tinyShape(change), 3)
    const batch = randomBatch(model.shape, 1, 5)
    const held = tf.memory().numTensors
    const inside = await recordInside(model, batch, SETTINGS)
    assert.equal(tf.memory().numTensors, held)
    const expected = [...evaluateSteps(model, model.weights, batch, SETTINGS.depth)]
    assert.equal(inside.steps.length, 3)
    for (const [i, { tokens, qHalt, updates }] of inside.steps.entries()) {
      assert.deepEqual([...tokens], [...expected[i]!.predictions])
      assert.ok(Math.abs(qHalt - expected[i]!.qHalt[0]!) < 1e-4)
      const last = updates.findLast(({ changed }) => changed.includes(inside.latents[0]!))!
      assert.deepEqual(last.tokens[inside.latents[0]!], tokens)
      assert.deepEqual([...inside.rollouts[0]!.answers[i]!], [...tokens])
    }
    disposeModel(model)
  })

test('the updates of a step are named by their pseudocode and change the latents that it names', async () => {
  const model = initialModel(tinyShape(), 3)
  const inside = await recordInside(model, randomBatch(model.shape, 1, 5), SETTINGS)
  assert.deepEqual(
    inside.steps[1]!.updates.map(({ text, changed }) => [text, ...changed]),
    [1, 2].flatMap(() => [
      ['z ← net(z + y + x)', 'z'],
      ['z ← net(z + y + x)', 'z'],
      ['y ← net(y + z)', 'y'],
    ]),
  )
  assert.deepEqual(
    inside.steps.flatMap(({ updates }) => updates.map(({ step, update }) => [step, update])).at(-1),
    [3, 6],
  )
  disposeModel(model)
})

test('the watched rollout ends every step at its own point of the plane, and the axes are ordered by variance', async () => {
  const model = initialModel(tinyShape(), 3)
  const batch = randomBatch(model.shape, 1, 5)
  const inside = await recordInside(model, batch, { ...SETTINGS, rollouts: 4, noise: 0.5, watched: 2, depth: 4 })
  const { points, pointSteps } = inside.rollouts[2]!
  assert.deepEqual(pointSteps, [0, 1, 2, 3, 4])
  const ends = [inside.startPoint, ...inside.steps.map(({ updates }) => updates.at(-1)!.point)]
  for (const [i, point] of points.entries())
    for (const axis of [0, 1] as const) assert.ok(Math.abs(point[axis] - ends[i]![axis]) < 1e-3)
  const [first, second] = inside.planeShares
  assert.ok(first >= second && second > 0 && first + second <= 1 + 1e-9)
  // The shares are those of the coordinates: their variance is the first two eigenvalues.
  const all = inside.rollouts.flatMap((rollout) => rollout.points)
  const variance = (axis: 0 | 1): number => all.reduce((sum, point) => sum + point[axis] ** 2, 0)
  assert.ok(Math.abs(variance(1) / variance(0) - second / first) < 1e-6)
  disposeModel(model)
})

test('rollouts with noise differ from each other, and are the same again from the same seed, whichever is watched', async () => {
  const model = initialModel(tinyShape(), 3)
  const batch = randomBatch(model.shape, 1, 5)
  const settings = { ...SETTINGS, rollouts: 3, noise: 1, target: 'both', init: 'random' } as const
  const [first, second] = [
    await recordInside(model, batch, settings),
    await recordInside(model, batch, { ...settings, watched: 1 }),
  ]
  assert.deepEqual(first.rollouts, second.rollouts)
  // A fresh model's halting head is constant, so the points tell them apart.
  assert.notDeepEqual(first.rollouts[0]!.points, first.rollouts[1]!.points)
  assert.ok(Math.abs(second.steps[2]!.qHalt - second.rollouts[1]!.qHalt[2]!) < 1e-4)
  const other = await recordInside(model, batch, { ...settings, seed: 1 })
  assert.notDeepEqual(first.rollouts[0]!.points, other.rollouts[0]!.points)
  disposeModel(model)
})

test('the shares that a cell reads of the cells and of the puzzle tokens sum to 1, for attention and for the token MLP', async () => {
  for (const mixer of ['attention', 'mlp'] as const) {
    const model = initialModel(tinyShape({ mixer, layers: 2 }), 3)
    const inside = await recordInside(model, randomBatch(model.shape, 1, 5), { ...SETTINGS, sources: 99 })
    for (const name of ['y', 'z'])
      for (const [block, map] of inside.steps[0]!.maps[name]!.entries()) {
        assert.equal(map.block, block)
        assert.equal(map.kept, 4)
        const received = map.received.reduce((a, b) => a + b)
        assert.ok(Math.abs(received + map.prefix - 1) < 1e-5)
        const kept = map.shares.reduce((a, b) => a + b) / 4
        assert.ok(Math.abs(kept + map.prefix - 1) < 1e-5)
        for (let i = 1; i < 4; i++) assert.ok(map.shares[i]! <= map.shares[i - 1]!)
      }
    disposeModel(model)
  }
})

test('attention maps are the softmax of the queries and keys: with keys of zero, every token reads all alike', async () => {
  const model = initialModel(tinyShape(), 3)
  const name = 'L_level.layers.0.self_attn.qkv_proj.weight'
  const zero = model.with({ weights: { ...model.weights, [name]: tf.zerosLike(model.weights[name]!) } }) as Model
  const inside = await recordInside(zero, randomBatch(model.shape, 1, 5), SETTINGS)
  const [map] = inside.steps[0]!.maps.y!
  for (const share of map!.received) assert.ok(Math.abs(share - 1 / 5) < 1e-6)
  assert.ok(Math.abs(map!.prefix - 1 / 5) < 1e-6)
  disposeModel(model)
})

test('a recording that would have too many updates is refused, and a stop ends one', async () => {
  const model = initialModel(tinyShape(), 3)
  const batch = randomBatch(model.shape, 1, 5)
  await assert.rejects(
    recordInside(model, batch, { ...SETTINGS, depth: 1000 }),
    (error) => error instanceof UserError && /look, depth: expected at most 682/.test(error.message),
  )
  const held = tf.memory().numTensors
  await assert.rejects(recordInside(model, batch, SETTINGS, AbortSignal.abort()), Interrupted)
  assert.equal(tf.memory().numTensors, held)
  disposeModel(model)
})
