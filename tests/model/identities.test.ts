import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { disposeCarry, emptyCarry, takeRows } from '../../lib/model/carry.js'
import { disposeModel, type Model, modelFromTensors, modelTensors } from '../../lib/model/model.js'
import { initName, latentNames, type ModelShape } from '../../lib/model/shape.js'
import { type HostTensor, hostTensor, initialTensors } from '../../lib/model/weights.js'
import { Random } from '../../lib/random.js'
import { forwardBackward } from '../../lib/train/micro-batch.js'
import { disposeState, initialState, trainStep } from '../../lib/train/step.js'
import { assertClose } from '../close.js'
import fc from '../fast-check.js'
import { randomBatch, stepOptions, tinyShape } from './tiny.js'

before(async () => {
  await startBackend()
})

/** What a supervision step computes, off the backend. */
interface Numbers {
  readonly logits: Float32Array
  readonly halt: Float32Array
  readonly state: Readonly<Record<string, Float32Array>>
  readonly gradients: Readonly<Record<string, Float32Array>>
  readonly puzzle: Float32Array | null
  readonly losses: readonly (number | null)[]
  readonly target: Float32Array | null
}

function passOf(shape: ModelShape, tensors: ReadonlyMap<string, HostTensor>, seed: number): Numbers {
  const model = modelFromTensors(shape, tensors)
  const batch = randomBatch(shape, 3, seed)
  const empty = emptyCarry(model, 3)
  const carry = takeRows(empty, batch, model)
  const pass = forwardBackward(model, carry, 'stablemax')
  const numbers = (tensors: Readonly<Record<string, tf.Tensor>>): Record<string, Float32Array> =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, hostTensor(tensor).data]))
  const result = {
    logits: hostTensor(pass.outputs.logits).data,
    halt: hostTensor(tf.stack([pass.outputs.qHalt, pass.outputs.qContinue])).data,
    state: numbers(pass.state),
    gradients: numbers(pass.gradients),
    puzzle: pass.puzzleGradients,
    losses: Object.values(pass.losses),
    target: pass.continueTarget,
  }
  tf.dispose([...Object.values(pass.outputs), ...Object.values(pass.state), ...Object.values(pass.gradients)])
  disposeCarry(empty)
  disposeCarry(carry)
  disposeModel(model)
  return result
}

/** Weights of a seed, with a halting head and puzzle embedding that are not 0. */
function someTensors(shape: ModelShape, seed: number): Map<string, HostTensor> {
  const tensors = initialTensors(shape, seed)
  for (const name of ['q_head.weight', 'puzzle_emb.weights']) {
    const random = Random.of(seed, name)
    tensors.get(name)?.data.forEach((_, i, data) => {
      data[i] = random.normal()
    })
  }
  return tensors
}

const sizes = fc
  .record({
    mixer: fc.constantFrom('attention' as const, 'mlp' as const),
    heads: fc.integer({ min: 1, max: 3 }),
    headSize: fc.constantFrom(2, 4),
    layers: fc.integer({ min: 1, max: 2 }),
    positions: fc.constantFrom('rope' as const, 'learned' as const, 'none' as const),
    T: fc.integer({ min: 1, max: 3 }),
    n: fc.integer({ min: 1, max: 3 }),
    K: fc.integer({ min: 1, max: 3 }),
    puzzleTokens: fc.integer({ min: 1, max: 2 }),
    puzzleDim: fc.integer({ min: 0, max: 4 }),
    vocabSize: fc.integer({ min: 2, max: 6 }),
    seqLen: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(1000),
  })
  .map(({ headSize, ...rest }) => {
    const { seed, ...shape } = { ...rest, hidden: headSize * rest.heads, layersH: rest.layers }
    return { seed, change: { ...shape, puzzleDim: Math.min(shape.puzzleDim, shape.puzzleTokens * shape.hidden) } }
  })
const runs = { numRuns: 8 }

const HRM_AS_TRM = { networks: 'separate', gradient: 'one-step', halting: 'continue' } as const

test('HRM is the TRM with separate networks, 1-step gradient and continue loss, number for number', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 3 }), ({ change, seed }, layersH) => {
      const hrm = tinyShape({ ...change, ...HRM_AS_TRM, layersH, model: 'hrm' })
      const tensors = someTensors(hrm, seed)
      assert.deepEqual(passOf({ ...hrm, model: 'trm' }, tensors, seed), passOf(hrm, tensors, seed))
    }),
    runs,
  )
})

test('separate networks with equal weights give the TRM’s outputs, and their gradients sum to the TRM’s', () => {
  fc.assert(
    fc.property(
      sizes,
      fc.constantFrom('full' as const, 'one-step' as const),
      fc.constantFrom('two' as const, 'multi' as const),
      ({ change, seed }, gradient, latents) => {
        const shared = tinyShape({ ...change, gradient, latents })
        const tensors = someTensors(shared, seed)
        const both = new Map(tensors)
        for (const [name, tensor] of tensors)
          if (name.startsWith('L_level.')) both.set(name.replace('L_level.', 'H_level.'), tensor)
        const one = passOf(shared, tensors, seed)
        const two = passOf({ ...shared, networks: 'separate' }, both, seed)
        assert.deepEqual([two.logits, two.halt, two.state, two.losses], [one.logits, one.halt, one.state, one.losses])
        for (const [name, gradient] of Object.entries(one.gradients)) {
          const other = two.gradients[name.replace('L_level.', 'H_level.')]!
          const sum = name.startsWith('L_level.') ? two.gradients[name]!.map((g, i) => g + other[i]!) : other
          assertClose(sum, gradient, 2e-5)
        }
      },
    ),
    runs,
  )
})

test('multi-scale z with one latent is the TRM with n = 1', () => {
  fc.assert(
    fc.property(sizes, ({ change, seed }) => {
      const two = tinyShape({ ...change, n: 1 })
      const tensors = someTensors(two, seed)
      const renamed = new Map(tensors).set('L1_init', tensors.get('L_init')!)
      const { state: a, ...expected } = passOf(two, tensors, seed)
      const { state: b, ...found } = passOf({ ...two, latents: 'multi' }, renamed, seed)
      assert.deepEqual(found, expected)
      assert.deepEqual([b.y, b.z1], [a.y, a.z])
    }),
    runs,
  )
})

test('the 1-step gradient changes gradients and nothing else, and with n = 1 not even those', () => {
  fc.assert(
    fc.property(
      sizes,
      fc.constantFrom('two' as const, 'single' as const, 'multi' as const),
      ({ change, seed }, latents) => {
        const full = tinyShape({ ...change, latents })
        const tensors = someTensors(full, seed)
        const a = passOf(full, tensors, seed)
        const b = passOf({ ...full, gradient: 'one-step' }, tensors, seed)
        assert.deepEqual([b.logits, b.halt, b.state, b.losses], [a.logits, a.halt, a.state, a.losses])
        // A recursion of one update of z and one of y is all of the last two.
        if (full.n === 1) assert.deepEqual(b.gradients, a.gradients)
        else assert.notDeepEqual(b.gradients, a.gradients)
      },
    ),
    runs,
  )
})

test('the continue loss adds to the loss and its gradients, and leaves the outputs alone', () => {
  fc.assert(
    fc.property(sizes, ({ change, seed }) => {
      const halt = tinyShape({ ...change, K: 3 })
      const tensors = someTensors(halt, seed)
      const a = passOf(halt, tensors, seed)
      const b = passOf({ ...halt, halting: 'continue' }, tensors, seed)
      assert.deepEqual([b.logits, b.halt, b.state], [a.logits, a.halt, a.state])
      const [lossA, lm, qHalt, none] = a.losses as [number, number, number, null]
      const [lossB, , , qContinue] = b.losses as [number, number, number, number]
      assertClose([lossA], [lm + 0.5 * qHalt], 1e-6)
      assert.equal(none, null)
      assertClose([lossB], [lm + 0.5 * (qHalt + qContinue)], 1e-6)
      assert.equal(a.target, null)
      assert.ok(b.target!.every((target) => target >= 0 && target <= 1))
    }),
    runs,
  )
})

test('no gradient flows through the continue loss’s forward pass: it is that of the target as a constant', () => {
  const shape = tinyShape({ halting: 'continue', T: 1, n: 1 })
  const tensors = someTensors(shape, 4)
  const { gradients, target, halt } = passOf(shape, tensors, 4)
  const qContinue = halt.subarray(3)
  // d/dq of BCE is sigmoid(q) - target; the loss is halved and divided by B = 3.
  const slope = [...qContinue].map((q, row) => (1 / (1 + Math.exp(-q)) - target![row]!) / 6)
  assertClose([gradients['q_head.bias']![1]!], [slope.reduce((a, b) => a + b, 0)])
})

test('without the halting loss, the loss is that of the tokens', () => {
  const shape = tinyShape({ halting: 'none' })
  const { losses, gradients } = passOf(shape, someTensors(shape, 1), 1)
  assert.equal(losses[0], losses[1])
  assert.deepEqual(
    Object.keys(gradients).filter((name) => name.startsWith('q_head')),
    [],
  )
})

test('every combination of variants makes steps of finite loss and leaks no tensor', () => {
  const combinations = fc
    .record({
      model: fc.constantFrom('trm' as const, 'hrm' as const, 'direct' as const),
      latents: fc.constantFrom('two' as const, 'single' as const, 'multi' as const),
      networks: fc.constantFrom('shared' as const, 'separate' as const),
      gradient: fc.constantFrom('full' as const, 'one-step' as const),
      halting: fc.constantFrom('halt' as const, 'compare' as const, 'continue' as const, 'none' as const),
      freeze: fc.boolean(),
    })
    .map((variant): Partial<ModelShape> => {
      if (variant.model === 'hrm') return { ...variant, latents: 'two', networks: 'separate', gradient: 'one-step' }
      if (variant.model === 'direct') return { ...variant, latents: 'single', networks: 'shared', T: 1, n: 0 }
      return variant.latents === 'single' ? { ...variant, networks: 'shared' } : variant
    })
  fc.assert(
    fc.property(sizes, combinations, ({ change, seed }, variant) => {
      const shape = tinyShape({ ...change, puzzleDim: Math.max(1, change.puzzleDim), ...variant })
      const outside = tf.memory().numTensors
      const state = initialState(modelFromTensors(shape, someTensors(shape, seed)), 3, 0.9, seed)
      trainStep(state, randomBatch(shape, 3, seed), stepOptions)
      const { numTensors } = tf.memory()
      for (let step = 1; step < 4; step++) {
        const { loss } = trainStep(state, randomBatch(shape, 3, seed + step), stepOptions)
        assert.ok(Number.isFinite(loss))
        assert.equal(tf.memory().numTensors, numTensors)
      }
      assert.deepEqual(Object.keys(state.carry.state), [...latentNames(shape)])
      disposeState(state)
      disposeModel(state.model)
      assert.equal(tf.memory().numTensors, outside)
    }),
    { numRuns: 25 },
  )
})

function trained(change: Partial<ModelShape>): { before: Map<string, HostTensor>; model: Model } {
  const shape = tinyShape(change)
  const before = someTensors(shape, 2)
  const copy = new Map([...before].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
  const state = initialState(modelFromTensors(shape, copy), 3, 0.9, 2)
  for (let step = 0; step < 3; step++) trainStep(state, randomBatch(shape, 3, step), stepOptions)
  disposeState(state)
  return { before, model: state.model }
}

function changedNames({ before, model }: ReturnType<typeof trained>): string[] {
  const after = modelTensors(model)
  const changed = [...after].filter(([name, { data }]) => data.some((value, i) => value !== before.get(name)!.data[i]))
  disposeModel(model)
  return changed.map(([name]) => name)
}

test('frozen weights stay as they are to the last bit, and the puzzle embedding is trained', () => {
  for (const model of ['trm', 'hrm', 'direct'] as const) {
    const variant =
      model === 'direct'
        ? ({ latents: 'single', T: 1, n: 0, halting: 'compare' } as const)
        : model === 'hrm'
          ? HRM_AS_TRM
          : {}
    assert.deepEqual(changedNames(trained({ model, ...variant, freeze: true })), ['puzzle_emb.weights'])
  }
})

test('every weight is trained, none of the initial latents; without a halting loss all but the halting head', () => {
  const inits = (change: Partial<ModelShape>): string[] => latentNames(tinyShape(change)).map(initName)
  for (const change of [{}, { latents: 'multi' }, { model: 'hrm', ...HRM_AS_TRM }] as const) {
    const run = trained(change)
    const all = [...run.before.keys()].filter((name) => !inits(change).includes(name))
    assert.deepEqual(changedNames(run).sort(), all.sort())
  }
  const run = trained({ halting: 'none' })
  const changed = changedNames(run)
  const kept = [...run.before.keys()].filter((name) => !changed.includes(name))
  assert.deepEqual(kept.sort(), ['H_init', 'L_init', 'q_head.bias', 'q_head.weight'])
})
