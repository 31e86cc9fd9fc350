import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { type Dtype, kernels, setFast } from '../../lib/backend/kernels.js'
import { emptyCarry, takeRows } from '../../lib/model/carry.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { Random } from '../../lib/random.js'
import { forwardBackward } from '../../lib/train/micro-batch.js'
import { initialOptimizer, optimizerStep } from '../../lib/train/optimizer.js'
import { disposeState, initialState, trainStep } from '../../lib/train/step.js'
import { assertClose } from '../close.js'
import fc from '../fast-check.js'
import { whyNoKernels } from '../kernels.js'
import { randomBatch, stepOptions, tinyShape } from './tiny.js'

const lacking = await whyNoKernels()
const noBfloat16 = lacking || (kernels()!.units.bfloat16 ? false : 'this processor has neither AMX nor AVX-512 BF16')
after(() => setFast(true))

/** Something computed with the kernels, and with plain operations. */
function bothWays<T>(compute: () => T): [T, T] {
  setFast(true)
  const fused = compute()
  setFast(false)
  const plain = compute()
  setFast(true)
  return [fused, plain]
}

/** All numbers of a forward and backward pass, by name. */
function pass(shape: ModelShape, rows: number, seed: number, dtype: Dtype = 'float32'): Record<string, Float32Array> {
  const model = initialModel(shape, seed).with({ dtype })
  const empty = emptyCarry(model, rows)
  const result = forwardBackward(model, takeRows(empty, randomBatch(shape, rows, seed), model), 'stablemax')
  const tensors = { ...result.state, ...result.gradients, logits: result.outputs.logits }
  const numbers = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())]),
  )
  if (result.puzzleGradients) numbers.puzzle = Float32Array.from(result.puzzleGradients)
  tf.dispose([...Object.values(tensors), result.outputs.qHalt, result.outputs.qContinue])
  disposeModel(model)
  return numbers
}

const shapes = fc
  .record({
    mixer: fc.constantFrom('mlp' as const, 'attention' as const),
    positions: fc.constantFrom('rope' as const, 'learned' as const, 'none' as const),
    model: fc.constantFrom('trm' as const, 'hrm' as const, 'direct' as const),
    latents: fc.constantFrom('two' as const, 'single' as const, 'multi' as const),
    half: fc.integer({ min: 1, max: 12 }),
    heads: fc.integer({ min: 1, max: 4 }),
    spare: fc.integer({ min: 0, max: 1 }),
    seqLen: fc.integer({ min: 1, max: 60 }),
    layers: fc.integer({ min: 1, max: 2 }),
    gradient: fc.constantFrom('full' as const, 'one-step' as const),
    halting: fc.constantFrom('halt' as const, 'none' as const),
  })
  .map(({ half, heads, spare, model, ...rest }) => {
    // A head size that is even, and a hidden size that the heads need not divide.
    const hidden = heads * 2 * half + (heads > 1 ? spare : 0)
    const latents = model === 'trm' ? rest.latents : 'two'
    const direct = model === 'direct' ? { T: 1, n: 0 } : { T: 1, n: latents === 'multi' ? 2 : 1 }
    return tinyShape({
      ...rest,
      ...direct,
      latents,
      model,
      hidden,
      heads,
      layersH: rest.layers,
      networks: model === 'hrm' ? 'separate' : 'shared',
      halting: model === 'direct' ? 'compare' : rest.halting,
      puzzleDim: hidden,
      puzzleTokens: 1,
    })
  })

test('with the kernels every output and gradient of a short recursion is that of plain operations, whatever the sizes', {
  skip: lacking,
}, () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 5 }), fc.nat(1000), (shape, rows, seed) => {
      const [fused, plain] = bothWays(() => pass(shape, rows, seed))
      assert.deepEqual(Object.keys(fused).sort(), Object.keys(plain).sort())
      for (const [name, numbers] of Object.entries(plain)) assertClose(fused[name]!, numbers, 1e-4)
    }),
    { numRuns: 40 },
  )
})

for (const mixer of ['mlp', 'attention'] as const)
  test(`the same is true at the published width, with ${mixer}`, { skip: lacking }, () => {
    const shape = tinyShape({
      mixer,
      hidden: 512,
      heads: 8,
      layers: 2,
      layersH: 2,
      T: 1,
      n: 1,
      seqLen: 11,
      puzzleDim: 512,
    })
    const [fused, plain] = bothWays(() => pass(shape, 3, 1))
    for (const [name, numbers] of Object.entries(plain)) assertClose(fused[name]!, numbers, 1e-4)
  })

test('the fused update is that of plain operations, for both optimisers, with and without EMA', {
  skip: lacking,
}, () => {
  const kinds = fc.constantFrom('adamatan2' as const, 'adamw' as const)
  fc.assert(
    fc.property(kinds, fc.boolean(), fc.integer({ min: 1, max: 70 }), fc.nat(1000), (kind, averaged, size, seed) => {
      const draw = Random.of(seed)
      const vector = (): Float32Array =>
        Float32Array.from({ length: size }, (_, i) => (i % 5 === 0 ? 0 : draw.normal()))
      const [p, e] = [vector(), vector()]
      const gradients = [vector(), vector()]
      const [fused, plain] = bothWays(() =>
        tf.tidy(() => {
          let weights: Record<string, tf.Tensor> = { w: tf.tensor1d(p) }
          let ema: Record<string, tf.Tensor> | null = averaged ? { w: tf.tensor1d(e) } : null
          let state = initialOptimizer(weights)
          for (const gradient of gradients) {
            const options = { kind, beta1: 0.9, beta2: 0.95, weightDecay: 0.1 }
            const next = optimizerStep(weights, { w: tf.tensor1d(gradient) }, state, 1e-2, options, ema, 0.9)
            weights = next.weights
            state = next.state
            ema = next.ema
          }
          const all = [weights.w!, state.m.w!, state.v.w!, ...(ema ? [ema.w!] : [])]
          return all.map((tensor) => Float32Array.from(tensor.dataSync()))
        }),
      )
      for (const [i, numbers] of plain.entries()) assertClose(fused[i]!, numbers, 1e-5)
    }),
    { numRuns: 30 },
  )
})

/** ‖a - b‖ / ‖b‖ */
function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(1e-30, ...b)
}

test('in bfloat16 every output and gradient of a short recursion is that of float32 but for rounding, whatever the sizes', {
  skip: noBfloat16,
}, () => {
  // Norms over few numbers magnify what rounding leaves.
  const large = shapes
    .filter(({ seqLen, hidden }) => seqLen >= 12 && hidden >= 16)
    .map((shape) => ({ ...shape, layers: 1, layersH: 1 }))
  let compared = 0
  fc.assert(
    fc.property(large, fc.integer({ min: 1, max: 5 }), fc.nat(1000), (shape, rows, seed) => {
      const [half, single] = [pass(shape, rows, seed, 'bfloat16'), pass(shape, rows, seed)]
      for (const [name, numbers] of Object.entries(single)) {
        const error = distance(half[name]!, numbers)
        assert.ok(error < 0.06, `${name}: ${error}`)
        compared += Number(error > 1e-5)
      }
    }),
    { numRuns: 40 },
  )
  assert.ok(compared > 40, 'what was compared was computed in float32')
})

test('with the kernels one seed gives one result, bit for bit, and no tensor is left behind', { skip: lacking }, () => {
  for (const [mixer, ema, dtype] of [
    ['mlp', 0.9, 'float32'],
    ['attention', 0.9, 'float32'],
    ['mlp', 0, 'float32'],
    ['mlp', 0.9, 'bfloat16'],
    ['attention', 0, 'bfloat16'],
  ] as const) {
    const shape = tinyShape({ mixer, positions: 'none', hidden: 24, seqLen: 20 })
    const train = (): Float32Array[] => {
      const model = initialModel(shape, 3).with({ dtype })
      const state = initialState(model, 6, ema, 3)
      const counts: number[] = []
      for (let step = 0; step < 6; step++) {
        trainStep(state, randomBatch(shape, 6, step), { ...stepOptions, ema })
        counts.push(tf.memory().numTensors)
      }
      assert.equal(counts.at(-1), counts[1], 'tensors are left behind')
      const weights = Object.values(model.weights).map((weight) => Float32Array.from(weight.dataSync()))
      disposeState(state)
      disposeModel(model)
      return weights
    }
    assert.deepEqual(train(), train())
  }
})
