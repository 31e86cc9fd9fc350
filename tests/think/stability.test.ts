import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import type { Batch } from '../../lib/data/dataset.js'
import { advance, beginEvaluation } from '../../lib/evaluate/states.js'
import { evaluateSteps } from '../../lib/evaluate/steps.js'
import { initialModel, type Model } from '../../lib/model/model.js'
import type { State } from '../../lib/model/recursion.js'
import { Random } from '../../lib/random.js'
import { type GrowthStep, growthSteps } from '../../lib/think/growth.js'
import { jacobianAt, largestStretch } from '../../lib/think/jacobian.js'
import { difference, moved, normalLike, rowNorms, unit } from '../../lib/think/latents.js'
import { type SliceGrid, type SliceSettings, sliceSteps } from '../../lib/think/slice.js'
import { type RadiusAnswers, radiusSteps } from '../../lib/think/start-radius.js'
import { randomBatch, tinyShape } from '../model/tiny.js'

before(async () => {
  await startBackend()
})

const made = (change: Parameters<typeof tinyShape>[0] = {}): Model =>
  initialModel(tinyShape({ mixer: 'mlp', ...change }), 3)

/** Returns the rows of a batch from `from` on. */
function rowsFrom(batch: Batch, from: number): Batch {
  const { size, seqLen } = batch
  return {
    size: size - from,
    seqLen,
    inputs: batch.inputs.slice(from * seqLen),
    labels: batch.labels.slice(from * seqLen),
    puzzleIds: batch.puzzleIds.slice(from),
    rows: batch.rows.slice(from),
    versions: batch.versions.slice(from),
  }
}

const generators = (name: string, size: number): Random[] =>
  Array.from({ length: size }, (_, row) => Random.of(name, row))

const close = (a: number, b: number, relative: number): void =>
  assert.ok(Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b)), `${a} is not ${b}`)

const inner = (a: State, b: State): number =>
  Object.keys(a).reduce((sum, name) => sum + tf.sum(tf.mul(a[name]!, b[name]!)).dataSync()[0]!, 0)

for (const shape of [{ mixer: 'attention' as const }, { mixer: 'mlp' as const }, { latents: 'multi' as const }])
  test(`J v and Jᵀu belong to the same Jacobian (${Object.values(shape)[0]})`, () => {
    const model = made(shape)
    const batch = randomBatch(model.shape, 2, 1)
    tf.tidy(() => {
      const state = normalLike(model.start(batch), generators('s', 2))
      const [u, v] = ['u', 'v'].map((name) => unit(normalLike(state, generators(name, 2)))) as [State, State]
      const jacobian = jacobianAt(model, model.embed(batch), state)
      close(inner(jacobian.times(v), u), inner(jacobian.transposed(u), v), 5e-3)
    })
    model.dispose()
  })

test('ten steps of the power method find a stretch that no drawn direction exceeds, and frees its tensors', () => {
  const model = made()
  const batch = randomBatch(model.shape, 2, 1)
  const x = model.embed(batch)
  const state = model.start(batch)
  const drawn = normalLike(state, generators('v', 2))
  const tensors = tf.memory().numTensors
  const jacobian = jacobianAt(model, x, state)
  const stretch = largestStretch(jacobian, drawn)
  assert.equal(tf.memory().numTensors, tensors)
  for (const name of ['a', 'b', 'c'])
    tf.tidy(() => {
      const norms = rowNorms(jacobian.times(unit(normalLike(state, generators(name, 2))))).dataSync()
      for (const [row, norm] of norms.entries()) assert.ok(norm <= stretch[row]! * 1.01, `${norm} > ${stretch[row]}`)
    })
  tf.dispose([x, ...Object.values(state), ...Object.values(drawn)])
  model.dispose()
})

test('growth is of a copy that was perturbed by ε‖s‖, and in the natural direction after one step is ‖J d‖', () => {
  const model = made()
  const batch = randomBatch(model.shape, 3, 1)
  const settings = { depth: 4, horizon: 2, epsilon: 1e-3, seed: 5 }
  const steps = [...growthSteps(model, batch, settings)]
  assert.deepEqual(
    steps.map(({ growths }) => growths.map(({ from, direction, k }) => `${direction} ${from}+${k}`)),
    [['random 0+1'], ['random 0+2'], ['random 2+1', 'natural 2+1'], ['random 2+2', 'natural 2+2']],
  )
  const natural = steps[2]!.growths[1]!.lambda
  const randomTwo = steps[1]!.growths[0]!.lambda
  tf.tidy(() => {
    const start = beginEvaluation(model, model.weights, batch)
    const drawn = unit(
      normalLike(
        start.state,
        [0, 1, 2].map((row) => Random.of(5, 'growth', row, 0, 0)),
      ),
    )
    const copy = moved(start.state, drawn, tf.mul(rowNorms(start.state), 1e-3))
    const sizes = rowNorms(difference(copy, start.state)).dataSync()
    const run = (state: State, count: number): State =>
      count === 0 ? state : run(advance(model, model.weights, { ...start, state: cloned(state) }).state, count - 1)
    const after = rowNorms(difference(run(copy, 2), run(start.state, 2))).dataSync()
    for (const [row, norm] of after.entries()) close(randomTwo[row]!, Math.log(norm / sizes[row]!) / 2, 1e-3)
    const [one, two] = [run(start.state, 1), run(start.state, 2)]
    const stretched = rowNorms(jacobianAt(model, start.x, two).times(unit(difference(two, one)))).dataSync()
    for (const [row, norm] of stretched.entries()) close(Math.exp(natural[row]!), norm, 0.05)
  })
  model.dispose()
})

function cloned(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, latent]) => [name, tf.clone(latent)]))
}

test('growth does not depend on the batch, and its answers are those of an evaluation', () => {
  const model = made()
  const batch = randomBatch(model.shape, 3, 1)
  const settings = { depth: 3, horizon: 3, epsilon: 1e-3, seed: 5 }
  const tensors = tf.memory().numTensors
  const whole = [...growthSteps(model, batch, settings)]
  const part = [...growthSteps(model, rowsFrom(batch, 1), settings)]
  assert.equal(tf.memory().numTensors, tensors)
  for (const [i, { growths }] of whole.entries())
    for (const [row, lambda] of part[i]!.growths[0]!.lambda.entries()) close(lambda, growths[0]!.lambda[row + 1]!, 1e-3)
  for (const [i, { predictions }] of [...evaluateSteps(model, model.weights, batch, 3)].entries()) {
    const right = Uint8Array.from({ length: 3 }, (_, row) =>
      [0, 1, 2, 3].every((cell) => predictions[4 * row + cell] === batch.labels[4 * row + cell]) ? 1 : 0,
    )
    assert.deepEqual(whole[i]!.exact, right)
  }
  model.dispose()
})

test('a growth that is stopped frees its tensors, and a horizon beyond the depth is refused', () => {
  const model = made()
  const batch = randomBatch(model.shape, 2, 1)
  const tensors = tf.memory().numTensors
  const settings = { depth: 4, horizon: 1, epsilon: 1e-4, seed: 0 }
  const stopped: Generator<GrowthStep, void> = growthSteps(model, batch, settings)
  stopped.next()
  stopped.next()
  stopped.return()
  assert.equal(tf.memory().numTensors, tensors)
  assert.throws(
    () => growthSteps(model, batch, { ...settings, horizon: 5 }).next(),
    /horizon: expected at most depth, 4/,
  )
  model.dispose()
})

/** Returns the answers of a batch from each radius. */
const radiusAnswers = (model: Model, batch: Batch, radii: readonly number[], draw = 0): RadiusAnswers[] =>
  [...radiusSteps(model, batch, { radii, depth: 2, seed: 1 }, draw)].filter((each) => each !== 'pause')

test('a start of radius 0 is the learned one; others depend on the draw alone, not on batch and radii', () => {
  const model = made({ vocabSize: 3, seqLen: 2 })
  const plain = randomBatch(model.shape, 40, 1)
  const [, last] = [...evaluateSteps(model, model.weights, plain, 2)]
  // The labels are what the model says, so that radius 0 solves all and a start far away some.
  const batch = { ...plain, labels: last!.predictions }
  const tensors = tf.memory().numTensors
  const [zero, far] = radiusAnswers(model, batch, [0, 3])
  assert.equal(tf.memory().numTensors, tensors)
  assert.ok(zero!.exact.every((right) => right === 1))
  assert.ok(far!.exact.includes(0))
  const [part] = radiusAnswers(model, rowsFrom(batch, 10), [3])
  assert.deepEqual(part!.exact, far!.exact.slice(10))
  assert.notDeepEqual(radiusAnswers(model, batch, [3], 1)[0]!.exact, far!.exact)
  model.dispose()
})

const sliceSettings: SliceSettings = {
  grid: 6,
  depth: 5,
  extent: 2,
  target: 'both',
  center: 'zero',
  settles: 'answer',
  tolerance: 0.05,
  seed: 4,
  batch: 100,
}

function sliceOf(model: Model, batch: Batch, change: Partial<SliceSettings> = {}): SliceGrid {
  const work = sliceSteps(model, batch, { ...sliceSettings, ...change })
  for (;;) {
    const next = work.next()
    if (next.done) return next.value
  }
}

test('a slice of initial states does not depend on how many points are computed at a time', () => {
  const model = made()
  const batch = randomBatch(model.shape, 1, 1)
  const tensors = tf.memory().numTensors
  const whole = sliceOf(model, batch)
  assert.equal(tf.memory().numTensors, tensors)
  assert.deepEqual(sliceOf(model, batch, { batch: 7 }), whole)
  assert.notDeepEqual(sliceOf(model, batch, { seed: 5 }), whole)
  assert.equal(
    whole.answerCounts.reduce((sum, count) => sum + count, 0),
    36,
  )
  assert.ok(whole.answerCounts.every((count, i) => i === 0 || count <= whole.answerCounts[i - 1]!))
  model.dispose()
})

test('the middle of a slice around the learned start is the learned start, and settles when its answer last changes', () => {
  const model = made({ vocabSize: 9 })
  const batch = randomBatch(model.shape, 1, 1)
  const steps = [...evaluateSteps(model, model.weights, batch, 5)].map(({ predictions }) => predictions.join())
  let settled = 5
  while (settled > 1 && steps[settled - 2] === steps[4]) settled--
  for (const target of ['y', 'z', 'both'] as const) {
    const { settling, capped } = sliceOf(model, batch, { grid: 3, center: 'learned', target })
    assert.deepEqual([settling[4], capped[4]], settled === 5 ? [6, 1] : [settled, 0])
  }
  model.dispose()
})

test('a point whose latents still move by more than the tolerance at the last step has not settled', () => {
  const model = made()
  const batch = randomBatch(model.shape, 1, 1)
  const never = sliceOf(model, batch, { settles: 'latent', tolerance: 1e-12 })
  assert.ok(never.capped.every((capped) => capped === 1) && never.settling.every((time) => time === 6))
  const atOnce = sliceOf(model, batch, { settles: 'latent', tolerance: 1e6 })
  assert.ok(atOnce.capped.every((capped) => capped === 0) && atOnce.settling.every((time) => time === 1))
  model.dispose()
})

test('a slice in a latent that the model does not have is refused', () => {
  const model = made({ latents: 'single' })
  const batch = randomBatch(model.shape, 1, 1)
  assert.throws(() => sliceOf(model, batch, { target: 'z' }), /target: 'z'.*expected a latent of the model/s)
  model.dispose()
})
