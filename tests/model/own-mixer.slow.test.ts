import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { setFast } from '../../lib/backend/kernels.js'
import { recordFunction } from '../../lib/config/functions.js'
import { type Batch, IGNORE_LABEL } from '../../lib/data/dataset.js'
import type { Loss, Mixer } from '../../lib/index.js'
import { emptyCarry, takeRows } from '../../lib/model/carry.js'
import { type LossKind, supervisionLoss } from '../../lib/model/loss.js'
import { tryMixer } from '../../lib/model/mixer.js'
import { disposeModel, initialModel, type Model, modelFromTensors, modelTensors } from '../../lib/model/model.js'
import { tryLoss } from '../../lib/model/own-loss.js'
import { type ModelShape, swigluInner } from '../../lib/model/shape.js'
import { tokenMlp } from '../../lib/model/swiglu.js'
import { countParameters, initialTensors, weightSpecs } from '../../lib/model/weights.js'
import { Random } from '../../lib/random.js'
import { forwardBackward } from '../../lib/train/micro-batch.js'
import { assertClose } from '../close.js'
import { conv, focal } from './own-functions.js'
import { randomBatch, tinyShape } from './tiny.js'

before(async () => {
  await startBackend()
})

/** A model whose every update carries gradient, and whose loss has no steps: what finite differences need. */
function smooth(mixer: ModelShape['mixer']): ModelShape {
  return tinyShape({ mixer, positions: 'none', halting: 'none', T: 1, n: 2, layers: 2 })
}

function lossAndGradients(
  model: Model,
  batch: Batch,
  loss: LossKind,
): { value: number; gradients: Map<string, Float32Array> } {
  const carry = takeRows(emptyCarry(model, batch.size), batch, model)
  const pass = forwardBackward(model, carry, loss)
  const gradients = Object.entries(pass.gradients).map(
    ([name, tensor]) => [name, tensor.dataSync().slice() as Float32Array] as const,
  )
  tf.dispose([...Object.values(pass.state), ...Object.values(pass.outputs), ...Object.values(pass.gradients)])
  return { value: pass.losses.loss / batch.size, gradients: new Map(gradients) }
}

/** For every weight, the slope along a drawn direction: by the gradient, and by central differences. */
function slopes(shape: ModelShape, loss: LossKind): { name: string; gradient: number; difference: number }[] {
  const batch = randomBatch(shape, 6, 1)
  batch.labels[3] = IGNORE_LABEL
  const tensors = initialTensors(shape, 3)
  const at = (changed: string | null, step: (i: number) => number): ReturnType<typeof lossAndGradients> => {
    const moved = [...tensors].map(([name, { shape, data }]) => {
      return [name, { shape, data: name === changed ? data.map((x, i) => x + step(i)) : data }] as const
    })
    const model = modelFromTensors(shape, new Map(moved))
    const result = lossAndGradients(model, batch, loss)
    disposeModel(model)
    return result
  }
  const { gradients } = at(null, () => 0)
  return [...gradients].map(([name, gradient]) => {
    const random = Random.of(7, 'direction', name)
    const length = Math.sqrt(gradient.length)
    // Mostly uphill: across the slope there would be little to measure.
    const direction = gradient.map((g) => ((random.int(4) === 0 ? -1 : 1) * (g < 0 ? -1 : 1)) / length)
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0)
    const central = (step: number): number => {
      const [more, less] = [step, -step].map((by) => at(name, (i) => by * direction[i]!).value) as [number, number]
      return (more - less) / (2 * step)
    }
    // Richardson: the two cancel the error that the bend of the loss makes.
    return { name, gradient: along, difference: (4 * central(0.02) - central(0.04)) / 3 }
  })
}

/** They agree to 1 %, or to a hundredth of the steepest slope where a weight hardly matters. */
function assertSlopes(shape: ModelShape, loss: LossKind): string[] {
  const all = slopes(shape, loss)
  const steepest = Math.max(...all.map(({ gradient }) => Math.abs(gradient)))
  for (const { name, gradient, difference } of all)
    assert.ok(
      Math.abs(gradient - difference) <= 0.01 * Math.max(Math.abs(gradient), 0.01 * steepest),
      `${name}: ${gradient} and ${difference}`,
    )
  return all.map(({ name }) => name)
}

test('the gradient of a model with an own mixer is that of finite differences, for every weight', () => {
  const names = assertSlopes(smooth(recordFunction('mixer', conv, 'conv')), 'softmax')
  assert.ok(names.includes('L_level.layers.1.mixer.kernel'), names.join())
})

test('the gradient of an own loss is that of finite differences, with the built-in mixer and an own one', () => {
  const loss = recordFunction('loss', focal)
  assertSlopes(smooth('mlp'), loss)
  assertSlopes(smooth(recordFunction('mixer', conv)), loss)
})

/** The built-in MLP mixer, written as a user would. */
const mlp: Mixer = {
  name: 'my MLP',
  norm: 'tokens',
  weights: ({ tokens, expansion }) => {
    const inner = swigluInner(tokens, expansion)
    return {
      gateUp: { shape: [2 * inner, tokens], std: 1 / Math.sqrt(tokens) },
      down: { shape: [tokens, inner], std: 1 / Math.sqrt(inner) },
    }
  },
  apply: (h, { gateUp, down }) => tokenMlp(h, { gate_up_proj: gateUp, down_proj: down }),
}

test('the built-in MLP mixer written out as an own one gives the loss and gradients of its plain operations to 1e-6', () => {
  const before = setFast(false)
  try {
    const own = tinyShape({ mixer: recordFunction('mixer', mlp), positions: 'none', layers: 2 })
    const builtIn = { ...own, mixer: 'mlp' } as const
    assert.equal(countParameters(own), countParameters(builtIn))
    const renamed = (name: string): string =>
      name.replace('.mlp_t.gate_up_proj.weight', '.mixer.gateUp').replace('.mlp_t.down_proj.weight', '.mixer.down')
    const tensors = initialTensors(builtIn, 5)
    const models = [
      modelFromTensors(builtIn, tensors),
      modelFromTensors(own, new Map([...tensors].map(([name, tensor]) => [renamed(name), tensor]))),
    ]
    const batch = randomBatch(own, 7, 2)
    const [expected, found] = models.map((model) => lossAndGradients(model, batch, 'stablemax')) as [
      ReturnType<typeof lossAndGradients>,
      ReturnType<typeof lossAndGradients>,
    ]
    assertClose([found.value], [expected.value], 1e-6)
    for (const [name, gradient] of expected.gradients) assertClose(found.gradients.get(renamed(name))!, gradient, 1e-6)
    models.map(disposeModel)
  } finally {
    setFast(before)
  }
})

test('softmax cross-entropy written out as an own loss is the built-in one, with uncounted labels and without', () => {
  const own: Loss = (logits, labels) => tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(labels, 5)), -1))
  const shape = tinyShape()
  const batch = randomBatch(shape, 5, 8)
  batch.labels.fill(IGNORE_LABEL, 0, 3)
  tf.tidy(() => {
    const logits = tf.tensor3d(
      Float32Array.from({ length: 5 * 4 * 5 }, (_, i) => Math.sin(i)),
      [5, 4, 5],
    )
    const q = tf.zeros([5]) as tf.Tensor1D
    const labels = tf.tensor2d(batch.labels, [5, 4], 'int32')
    const of = (loss: LossKind): number =>
      supervisionLoss({ logits, qHalt: q, qContinue: q }, labels, loss).lm.dataSync()[0]!
    assertClose([of(recordFunction('loss', own))], [of('softmax')], 1e-6)
  })
})

test('the weights of an own mixer are named, counted and begin as it says', () => {
  const shape = tinyShape({ mixer: recordFunction('mixer', conv), positions: 'none', hidden: 16, puzzleDim: 0 })
  const without = tinyShape({
    mixer: recordFunction('mixer', { ...conv, weights: () => ({}) }),
    hidden: 16,
    puzzleDim: 0,
  })
  assert.equal(countParameters(shape) - countParameters(without), 3 * 16 * 16)
  assert.deepEqual(weightSpecs(shape).get('L_level.layers.0.mixer.kernel')?.shape, [3, 16, 16])
  const kernel = initialTensors(shape, 0).get('L_level.layers.0.mixer.kernel')!.data
  const spread = Math.sqrt(kernel.reduce((sum, x) => sum + x * x, 0) / kernel.length)
  assert.ok(Math.abs(spread * Math.sqrt(48) - 1) < 0.1, String(spread))
  assert.deepEqual(initialTensors(shape, 0), initialTensors(shape, 0))
  const given: Mixer = {
    weights: ({ tokens }) => ({
      shift: [tokens],
      scale: { shape: [2], values: 3 },
      table: { shape: [1, 2], values: [4, 5] },
    }),
    apply: (h) => h,
  }
  const tensors = initialTensors(tinyShape({ mixer: recordFunction('mixer', given), positions: 'none' }), 0)
  const values = (name: string): number[] => [...tensors.get(`L_level.layers.0.mixer.${name}`)!.data]
  assert.deepEqual(
    [values('shift'), values('scale'), values('table')],
    [
      [0, 0, 0, 0, 0],
      [3, 3],
      [4, 5],
    ],
  )
  const model = initialModel(shape, 0)
  assert.ok(modelTensors(model).has('L_level.layers.0.mixer.kernel'))
  disposeModel(model)
})

test('an own mixer that cannot be trained is refused by its name, with what was expected and found', () => {
  const refused = (mixer: Mixer, expected: RegExp): void =>
    assert.throws(
      () => tryMixer(tinyShape({ mixer: recordFunction('mixer', { name: 'mine', ...mixer }), positions: 'none' })),
      (error: Error) => error.name === 'UserError' && expected.test(error.message),
      String(expected),
    )
  const none = () => ({})
  refused(
    { weights: none, apply: (h) => tf.sum(h, -1) },
    /^mixer mine, apply: expected a tensor \[2, 5, 8\], the shape of h, found \[2, 5\]\.$/,
  )
  refused(
    { weights: () => ({ a: [1, 1, 1] }), apply: (h) => h },
    /a use of every weight, found a result that does not depend on a\.$/,
  )
  refused({ weights: none, apply: (h) => tf.div(h, 0) }, /finite numbers, found NaN or infinity\.$/)
  refused(
    { weights: () => ({ a: [2.5] }), apply: (h) => h },
    /weights, a: expected a shape of whole numbers of 1 or more, found \[2\.5\]\.$/,
  )
  refused({ weights: () => ({ 'a.b': [2] }), apply: (h) => h }, /expected names of letters and digits, found a\.b\.$/)
  refused(
    { weights: () => ({ a: { shape: [2], values: [1] } }), apply: (h) => h },
    /2 values for the shape \[2\], found 1\.$/,
  )
  refused({ weights: none, apply: (h) => tf.cast(tf.topk(h, 8).indices, 'float32') }, /operations that have a gradient/)
})

test('an own loss that cannot be trained is refused by its name, with what was expected and found', () => {
  const refused = (loss: Loss, expected: RegExp): void =>
    assert.throws(
      () => tryLoss(recordFunction('loss', loss, 'mine'), tinyShape()),
      (error: Error) => error.name === 'UserError' && expected.test(error.message),
      String(expected),
    )
  refused((logits) => tf.sum(logits), /^loss mine: expected a tensor \[2, 4\], a number for every token, found \[\]\.$/)
  refused((logits) => logits, /found \[2, 4, 5\]\.$/)
  refused((_, labels) => tf.cast(labels, 'float32'), /a loss that depends on the logits, found a constant loss\.$/)
  refused((logits) => tf.log(tf.mul(0, tf.sum(logits, -1))), /finite numbers, found NaN or infinity\.$/)
})

test('a function is recorded by its text: the same text is the same function, its name is for people', () => {
  const [one, two] = [recordFunction('mixer', conv, 'one'), recordFunction('mixer', { ...conv, name: 'two' })]
  assert.deepEqual([one.name, two.name, two.sha256], ['one', 'two', one.sha256])
  assert.match(one.source, /^weights: \(\{ ?hidden ?\}\) ?=>[\s\S]*\napply: [\s\S]*conv1d[\s\S]*\nnorm: channels$/)
  assert.notEqual(recordFunction('mixer', { ...conv, norm: 'tokens' }).sha256, one.sha256)
  assert.match(recordFunction('mixer', conv).name, /^mixer-[0-9a-f]{6}$/)
  assert.equal(recordFunction('mixer', { ...conv, apply: mlp.apply, weights: mlp.weights }).name.slice(0, 6), 'mixer-')
  function pool(h: tf.Tensor3D): tf.Tensor {
    return tf.sub(h, tf.mean(h, 1, true))
  }
  assert.equal(recordFunction('mixer', { weights: () => ({}), apply: pool }).name, 'pool')
  assert.equal(recordFunction('loss', focal).name, 'focal')
  for (const wrong of [
    { apply: pool },
    { ...conv, norm: 'rows' },
    { ...conv, wieghts: 1 },
    { ...conv, name: 'mlp' },
    null,
  ])
    assert.throws(() => recordFunction('mixer', wrong), { name: 'UserError' })
  assert.throws(() => recordFunction('loss', Math.max), /with readable source, found max, which is bound or built in/)
})
