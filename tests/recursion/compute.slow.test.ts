import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { kernels, setFast } from '../../lib/backend/kernels.js'
import {
  type AnyUpdate,
  type Recursion,
  recursion,
  refineAnswer,
  refineLatent,
  repeat,
  trm,
  type Update,
} from '../../lib/index.js'
import { disposeCarry, emptyCarry, takeRows } from '../../lib/model/carry.js'
import { stepMacs } from '../../lib/model/macs.js'
import { disposeModel, initialModel, modelFromTensors } from '../../lib/model/model.js'
import { recursionOf } from '../../lib/model/recursion.js'
import { depth, initName, latentNames, type ModelShape } from '../../lib/model/shape.js'
import { hostTensor, initialTensors } from '../../lib/model/weights.js'
import { forwardBackward } from '../../lib/train/micro-batch.js'
import { disposeState, initialState, trainStep } from '../../lib/train/step.js'
import { assertClose } from '../close.js'
import { whyNoKernels } from '../kernels.js'
import { randomBatch, stepOptions, tinyShape } from '../model/tiny.js'

const lacking = await whyNoKernels()
after(() => setFast(true))

/** Every kind of thing that updates may do. */
const oneLatent: Update = ({ net }, x, { y, z }) => ({ z: net(z, x), y: net(z, y) })
const doubled: Update = ({ net, plus }, x, { y, z }) => ({ z: net(z, z, x), y: plus(y, y) })
const swapped: Update = (_, __, { y, z }) => ({ y: z, z: y })
const sameForBoth: Update = ({ net }, x, { y, z }) => {
  const next = net(y, z, x)
  return { y: next, z: next }
}
const toPuzzle: Update = (_, x) => ({ z: x })
const remember: Update<'m'> = ({ net, plus }, x, { y, m }) => ({ m: net(plus(m, y, x)) })
const answerOfMemory: Update<'m'> = ({ netY }, _, { y, z, m }) => ({ y: netY(y, z, m) })

const recursions: Readonly<Record<string, Recursion>> = {
  'two at once': recursion([oneLatent, oneLatent]),
  'y twice': recursion(repeat(2, [refineLatent, refineAnswer, refineAnswer])),
  'sums of equal states': recursion([doubled, oneLatent]),
  'latents that change places': recursion(
    [refineLatent, swapped, refineAnswer, swapped, refineAnswer, refineLatent, swapped],
    {
      gradientUpdates: 3,
    },
  ),
  'one state for both latents': recursion(repeat(2, [sameForBoth])),
  'a latent that starts again from x': recursion(repeat(2, [refineLatent, refineAnswer, toPuzzle])),
  'a third latent': recursion(repeat(2, [refineLatent, remember, answerOfMemory])),
}

const shapeOf = (made: Recursion, change: Partial<ModelShape> = {}): ModelShape =>
  tinyShape({ T: 1, n: 0, ...change, recursion: made })

/** All numbers of a forward and backward pass, by name. */
function pass(shape: ModelShape, seed: number): Record<string, Float32Array> {
  const model = initialModel(shape, seed)
  const empty = emptyCarry(model, 4)
  const carry = takeRows(empty, randomBatch(shape, 4, seed), model)
  const result = forwardBackward(model, carry, 'stablemax')
  const tensors = { ...result.state, ...result.gradients, logits: result.outputs.logits }
  const numbers = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, hostTensor(tensor).data]))
  if (result.puzzleGradients) numbers.puzzle = result.puzzleGradients
  tf.dispose([...Object.values(tensors), result.outputs.qHalt, result.outputs.qContinue])
  for (const each of [empty, carry]) disposeCarry(each)
  disposeModel(model)
  return numbers
}

/** Every number of a model after some steps. */
function trained(shape: ModelShape, microBatch?: number): Record<string, Float32Array> {
  const model = initialModel(shape, 1)
  const state = initialState(model, 4, 0.9, 1)
  for (let step = 0; step < 4; step++)
    trainStep(
      state,
      randomBatch(shape, 4, step),
      microBatch === undefined ? stepOptions : { ...stepOptions, microBatch },
    )
  const all = { ...state.model.weights, ...state.carry.state }
  const numbers = Object.fromEntries(Object.entries(all).map(([name, tensor]) => [name, hostTensor(tensor).data]))
  disposeState(state)
  disposeModel(state.model)
  return numbers
}

for (const fast of [true, false])
  test(`trm(3, 6) written out by hand trains to the bits of the preset, ${fast ? 'with the kernels' : 'by plain operations'}`, {
    skip: fast && lacking,
  }, () => {
    setFast(fast)
    const byHand: AnyUpdate[] = repeat(3, [
      ...repeat(6, [({ net }, x, { y, z }) => ({ z: net(z, y, x) })] satisfies Update[]),
      ({ net }, _, { y, z }) => ({ y: net(y, z) }),
    ])
    for (const halting of ['halt', 'continue'] as const) {
      const wanted = trained(tinyShape({ T: 3, n: 6, halting }))
      assert.deepEqual(trained(shapeOf(recursion(byHand), { halting })), wanted)
      assert.deepEqual(trained(shapeOf(trm(3, 6), { halting })), wanted)
    }
    setFast(true)
  })

for (const [name, made] of Object.entries(recursions))
  test(`${name}: with the kernels every output and gradient is that of plain operations`, { skip: lacking }, () => {
    const changes: Partial<ModelShape>[] = [
      {},
      { mixer: 'mlp' },
      { halting: 'continue' },
      ...(name === 'a third latent' || name === 'y twice' ? [{ networks: 'separate' as const, layersH: 2 }] : []),
    ]
    for (const change of changes) {
      const shape = shapeOf(made, change)
      setFast(true)
      assert.ok(kernels())
      const fused = pass(shape, 3)
      setFast(false)
      const plain = pass(shape, 3)
      setFast(true)
      assert.deepEqual(Object.keys(fused).sort(), Object.keys(plain).sort())
      for (const [key, numbers] of Object.entries(plain)) assertClose(fused[key]!, numbers, 1e-4)
    }
  })

for (const [name, made] of Object.entries(recursions))
  test(`${name}: gradients are those of finite differences through the updates that carry them`, () => {
    setFast(false)
    // The updates before those with gradient are constants: their difference is left out by leaving them out.
    const { order, gradientUpdates } = made
    const whole: Recursion = { ...made, order: order.slice(-gradientUpdates) }
    const shape = shapeOf(whole, { halting: 'none', puzzleDim: 0, puzzleTokens: 0 })
    const tensors = initialTensors(shape, 5)
    const lossOf = (): { loss: number; gradients: Record<string, Float32Array> } => {
      const model = modelFromTensors(shape, tensors)
      const empty = emptyCarry(model, 2)
      const carry = takeRows(empty, randomBatch(shape, 2, 5), model)
      const { losses, gradients, outputs, state } = forwardBackward(model, carry, 'softmax')
      const numbers = Object.fromEntries(
        Object.entries(gradients).map(([key, tensor]) => [key, hostTensor(tensor).data]),
      )
      tf.dispose([...Object.values(gradients), ...Object.values(outputs), ...Object.values(state)])
      for (const each of [empty, carry]) disposeCarry(each)
      disposeModel(model)
      return { loss: losses.loss / 2, gradients: numbers }
    }
    const { gradients } = lossOf()
    for (const key of ['embed_tokens.embedding_weight', 'L_level.layers.0.mlp.down_proj.weight', 'lm_head.weight']) {
      const { data } = tensors.get(key)!
      // Along the gradient itself, where the difference is largest against the rounding of float32.
      const direction = gradients[key]!
      const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0))
      assert.ok(length > 1e-4, `${key} has a gradient`)
      const kept = data.slice()
      const along = (step: number): number => {
        for (let i = 0; i < data.length; i++) data[i] = kept[i]! + (step * direction[i]!) / length
        const { loss } = lossOf()
        data.set(kept)
        return loss
      }
      const difference = (along(3e-3) - along(-3e-3)) / 6e-3
      assert.ok(Math.abs(difference - length) < 2e-2 * length, `${key}: ${difference} against ${length}`)
    }
    setFast(true)
  })

test('a batch computed in parts, training and evaluation leave no tensor, whatever the recursion', () => {
  const outside = tf.memory().numTensors
  for (const made of Object.values(recursions)) {
    const shape = shapeOf(made)
    const whole = trained(shape)
    const parts = trained(shape, 2)
    for (const latent of latentNames(shape)) assertClose(parts[latent]!, whole[latent]!, 1e-3)
    assert.equal(tf.memory().numTensors, outside)
  }
})

test('the initial state of a latent is drawn by its published name, like the others’', () => {
  const shape = shapeOf(recursions['a third latent']!)
  assert.deepEqual(latentNames(shape).map(initName), ['H_init', 'L_init', 'm_init'])
  const tensors = initialTensors(shape, 7)
  const preset = initialTensors(tinyShape(), 7)
  for (const name of ['H_init', 'L_init']) assert.deepEqual(tensors.get(name), preset.get(name))
  assert.equal(tensors.get('m_init')!.data.length, shape.hidden)
  assert.notDeepEqual(tensors.get('m_init'), tensors.get('L_init'))
})

test('blocks are counted from the recursion', () => {
  const shape = shapeOf(recursions['a third latent']!, { networks: 'separate', layers: 2, layersH: 3 })
  assert.equal(depth(shape), 2 * (2 + 2 + 3))
  assert.equal(depth(shape, recursionOf(shape).gradientUpdates), 7)
  assert.deepEqual(stepMacs(shapeOf(trm(3, 6))), stepMacs(tinyShape({ T: 3, n: 6 })))
})
