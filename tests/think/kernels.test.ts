import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { setFast } from '../../lib/backend/kernels.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { latentNames, totalTokens } from '../../lib/model/shape.js'
import { Random } from '../../lib/random.js'
import { addNoise } from '../../lib/think/add-noise.js'
import { measure, type RawMeasures } from '../../lib/think/measure.js'
import { streamOf } from '../../lib/think/noise.js'
import { standardNormal, truncatedNormal } from '../../lib/think/normal.js'
import { assertClose } from '../close.js'
import { whyNoKernels } from '../kernels.js'
import { tinyShape } from '../model/tiny.js'

const lacking = await whyNoKernels()

/** Something computed with the kernels, and without. */
function bothWays<T>(compute: () => T): [T, T] {
  const before = setFast(true)
  try {
    const fused = compute()
    setFast(false)
    return [fused, compute()]
  } finally {
    setFast(before)
  }
}

function randomTensor(shape: [number, number, number], seed: number): tf.Tensor3D {
  const random = Random.of(seed)
  return tf.tensor3d(
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => random.normal()),
    shape,
  )
}

test('the kernel that adds noise draws the same numbers as plain TypeScript, bit for bit', { skip: lacking }, () => {
  for (const [quantiles, scale] of [
    [standardNormal(), 0.3],
    [truncatedNormal(), 1.7],
  ] as const)
    for (const size of [
      [1, 1, 1],
      [3, 17, 64],
      [5, 97, 67],
    ] as [number, number, number][]) {
      const keys = Array.from({ length: size[0] }, (_, row) => streamOf(7, 'row', row))
      const [fused, plain] = bothWays(() =>
        tf.tidy(() => Float32Array.from(addNoise(randomTensor(size, 3), keys, quantiles, scale).dataSync())),
      )
      assert.deepEqual(fused, plain)
    }
})

test('the kernel that measures a step agrees with plain TypeScript on every measurement', { skip: lacking }, () => {
  for (const change of [{}, { latents: 'single' }, { latents: 'multi', n: 3, puzzleTokens: 0, hidden: 20 }] as const) {
    const shape = tinyShape({ vocabSize: 7, seqLen: 9, ...change })
    const model = initialModel(shape, 3)
    const size: [number, number, number] = [5, totalTokens(shape), shape.hidden]
    const names = latentNames(shape)
    const state = (seed: number) => Object.fromEntries(names.map((name, i) => [name, randomTensor(size, seed + i)]))
    const [fused, plain] = bothWays(() =>
      tf.tidy(() => {
        const previous = randomTensor([5, shape.seqLen, shape.vocabSize], 50)
        return read(measure(model, { before: state(10), after: state(20), previous }))
      }),
    )
    assert.deepEqual(Object.keys(fused), Object.keys(plain))
    for (const [name, numbers] of Object.entries(fused)) assertClose(numbers, plain[name]!)
    assert.deepEqual(
      fused.deltaZ!.every((delta) => delta > 0),
      names.length > 1,
    )
    disposeModel(model)
  }
})

test('a latent that has not moved has a change of 0, and one of NaN has measurements of NaN', { skip: lacking }, () => {
  const shape = tinyShape({ vocabSize: 7, seqLen: 9 })
  const model = initialModel(shape, 3)
  for (const numbers of bothWays(() =>
    tf.tidy(() => {
      const latent = tf.concat([
        randomTensor([1, totalTokens(shape), shape.hidden], 1),
        tf.fill([1, totalTokens(shape), shape.hidden], Number.NaN),
      ]) as tf.Tensor3D
      const state = Object.fromEntries(latentNames(shape).map((name) => [name, latent]))
      const previous = tf.zeros<tf.Rank.R3>([2, shape.seqLen, shape.vocabSize])
      return read(measure(model, { before: state, after: state, previous }))
    }),
  ))
    for (const name of ['deltaY', 'deltaZ'] as const) {
      assert.equal(numbers[name]![0], 0, name)
      for (const measured of [name, 'margin', 'qHalt', 'deltaLogits'])
        assert.ok(Number.isNaN(numbers[measured]![1]), measured)
    }
  disposeModel(model)
})

/** Copies the numbers of measurements, by name. */
function read({ logits, ...columns }: RawMeasures): Record<string, number[]> {
  const lists = Object.entries({ logits: logits.dataSync(), ...columns }).map(([name, list]) => [name, [...list]])
  return Object.fromEntries(lists) as Record<string, number[]>
}
