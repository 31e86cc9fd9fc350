import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Batch } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { advance, beginEvaluation, endEvaluation } from '../evaluate/states.js'
import { readHeads } from '../evaluate/steps.js'
import { rowOutcome } from '../model/accuracy.js'
import type { Model } from '../model/model.js'
import type { State } from '../model/recursion.js'
import { latentNames } from '../model/shape.js'
import { tidy } from '../model/tidy.js'
import { Random } from '../random.js'
import { copied, disposeState, mapState } from './latents.js'

/** Options of a slice, without the depth, whose default depends on the model. */
export const sliceOptions = z.strictObject({
  grid: z.int().min(1).max(2048).default(32).describe('Points along each side of the grid.'),
  depth: z
    .int()
    .min(1)
    .max(65_534)
    .optional()
    .describe('Supervision steps of every point. Default: four times those of training.'),
  extent: z
    .number()
    .gt(0)
    .default(1)
    .describe('The coordinates run from −extent to extent, in units of a normal latent. Ours.'),
  target: z
    .enum(['y', 'z', 'both'])
    .default('both')
    .describe('Latents that the plane lies in: y, z (all but y), or both.'),
  center: z
    .enum(['learned', 'zero'])
    .default('zero')
    .describe('The middle of the plane: the learned initial latents, or zero.'),
  settles: z
    .enum(['answer', 'latent'])
    .default('answer')
    .describe('When a point has settled: once its answer no longer changes, or once its latents hardly do.'),
  tolerance: z
    .number()
    .gt(0)
    .default(0.05)
    .describe('With settles=latent: the largest change of an element relative to the largest element.'),
  seed: z.int().min(0).default(0).describe('Seed of the plane.'),
})

/**
 * Settings of {@link sliceSteps}. Both directions of the plane have a root mean square of 1 per element; that is ours, as the length
 * of the published plane's directions is not known. Latents outside the plane start at their learned values.
 */
export interface SliceSettings extends z.output<typeof sliceOptions> {
  readonly depth: number
  /** Points computed at a time; it has no influence on the results. */
  readonly batch: number
}

/** Points of a slice, row by row from b = extent, a from −extent in each. */
export interface SliceGrid {
  readonly grid: number
  readonly depth: number
  /** `[grid²]` the settling time in supervision steps, 1 to D; D + 1 for a point that has not settled (see `capped`). */
  readonly settling: Uint16Array
  /** `[grid²]` 1 where the point has not settled at the last step. */
  readonly capped: Uint8Array
  /** `[grid²]` number of the final answer, 0 for the most frequent one, then by falling frequency. */
  readonly answer: Int32Array
  /** Points of each answer. */
  readonly answerCounts: readonly number[]
  /** `[grid²]` 1 where the final answer is right; 255 where the right one is not known. */
  readonly exact: Uint8Array
}

/**
 * Computes the settling time of initial states on a random plane through the latent space of one puzzle: s(a, b) = center +
 * a·u + b·v with random orthogonal u and v ("Fractal basins", arXiv 2609.04963). With `settles: 'answer'` the settling time is
 * the first step whose decoded answer is that of the last step and of every step between; with `'latent'` the first step with
 * max|s_i − s_{i−1}| / max|s_{i−1}| < τ over all latents. It yields the number of points done after every step.
 *
 * @param puzzle a batch of one row
 * @throws UserError for a plane in a latent that the model does not have.
 */
export function* sliceSteps(model: Model, puzzle: Batch, settings: SliceSettings): Generator<number, SliceGrid> {
  const { grid, depth, batch: most } = settings
  const points = grid * grid
  const made = {
    settling: new Uint16Array(points),
    capped: new Uint8Array(points),
    exact: new Uint8Array(points),
  }
  const answers = new Map<string, number[]>()
  for (let from = 0; from < points; from += most) {
    const size = Math.min(most, points - from)
    const part = yield* settle(model, repeated(puzzle, size), settings, from)
    for (const name of ['settling', 'capped', 'exact'] as const) made[name].set(part[name], from)
    for (const [i, text] of part.answers.entries()) {
      const places = answers.get(text)
      if (places) places.push(from + i)
      else answers.set(text, [from + i])
    }
  }
  const byCount = [...answers.values()].sort((a, b) => b.length - a.length || a[0]! - b[0]!)
  const answer = new Int32Array(points)
  for (const [number, places] of byCount.entries()) for (const place of places) answer[place] = number
  return { grid, depth, ...made, answer, answerCounts: byCount.map(({ length }) => length) }
}

interface Settled {
  readonly settling: Uint16Array
  readonly capped: Uint8Array
  readonly exact: Uint8Array
  readonly answers: readonly string[]
}

function* settle(model: Model, batch: Batch, settings: SliceSettings, from: number): Generator<number, Settled> {
  const { depth, settles, tolerance } = settings
  const { weights, shape } = model
  const { size, seqLen } = batch
  const settling = new Uint16Array(size)
  let last: Int32Array | null = null
  let now = beginEvaluation(model, weights, batch)
  try {
    const learned = now.state
    now = { ...now, state: pointsOfPlane(learned, answerName(model), settings, from) }
    disposeState(learned)
    for (let step = 1; step <= depth; step++) {
      const before = copied(now.state)
      now = advance(model, weights, now)
      const { predictions } = readHeads(weights, shape, now.state)
      if (settles === 'answer') {
        for (let row = 0; row < size; row++)
          if (last === null || differs(predictions, last, row, seqLen)) settling[row] = step
      } else {
        const changes = relativeChange(before, now.state)
        for (let row = 0; row < size; row++) if (settling[row] === 0 && changes[row]! < tolerance) settling[row] = step
      }
      disposeState(before)
      last = predictions
      yield from + Math.floor((size * step) / depth)
    }
    const outputs = { ...readHeads(weights, shape, now.state), supervisionSteps: [] }
    const capped = new Uint8Array(size)
    const exact = new Uint8Array(size)
    for (let row = 0; row < size; row++) {
      // An answer that changed at the last step may change again; a latent at 0 has not settled.
      if (settles === 'answer' ? settling[row] === depth : settling[row] === 0) {
        capped[row] = 1
        settling[row] = depth + 1
      }
      const { counted, exact: right } = rowOutcome(outputs, batch, row)
      exact[row] = counted === 0 ? 255 : right ? 1 : 0
    }
    const answers = Array.from({ length: size }, (_, row) => last!.subarray(row * seqLen, (row + 1) * seqLen).join())
    return { settling, capped, exact, answers }
  } finally {
    endEvaluation(now)
  }
}

/** Returns the name of the latent that the heads read. */
function answerName({ shape }: Model): string {
  return latentNames(shape)[0]!
}

/** Returns the initial states of points of the plane, by their place in the grid from `from` on. */
function pointsOfPlane(learned: State, answer: string, settings: SliceSettings, from: number): State {
  const { grid, extent, target, center, seed } = settings
  const names = Object.keys(learned)
  const inPlane = names.filter((name) => target === 'both' || (name === answer) === (target === 'y'))
  if (inPlane.length === 0)
    throw new UserError({
      where: `target: '${target}'`,
      expected: `a latent of the model: ${names.join(', ')}`,
      found: 'none of that kind',
    })
  const [, L, D] = learned[answer]!.shape
  const [u, v] = orthogonalPair(inPlane.length * L * D, seed)
  return tidy(() => {
    const rows = learned[answer]!.shape[0]
    const coordinate = (i: number): number => (grid === 1 ? 0 : extent * ((2 * i) / (grid - 1) - 1))
    const places = Array.from({ length: rows }, (_, row) => from + row)
    const a = tf.tensor(
      places.map((place) => coordinate(place % grid)),
      [rows, 1, 1],
    )
    const b = tf.tensor(
      places.map((place) => -coordinate(Math.floor(place / grid))),
      [rows, 1, 1],
    )
    return mapState(learned, (latent, name) => {
      const at = inPlane.indexOf(name)
      if (at === -1) return tf.clone(latent)
      const part = (direction: Float32Array): tf.Tensor =>
        tf.tensor(direction.subarray(at * L * D, (at + 1) * L * D), [1, L, D])
      const plane = tf.add(tf.mul(a, part(u)), tf.mul(b, part(v)))
      return center === 'zero' ? plane : tf.add(plane, latent)
    })
  })
}

/** Returns two random orthogonal directions with a root mean square of 1. */
function orthogonalPair(length: number, seed: number): [Float32Array, Float32Array] {
  const draw = (name: string): Float64Array => {
    const random = Random.of(seed, 'slice', name)
    return Float64Array.from({ length }, () => random.normal())
  }
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
  const [u, w] = [draw('u'), draw('v')]
  const along = dot(u, w) / dot(u, u)
  const v = w.map((value, i) => value - along * u[i]!)
  const scaled = (direction: Float64Array): Float32Array => {
    const size = Math.sqrt(dot(direction, direction) / length)
    return Float32Array.from(direction, (value) => value / size)
  }
  return [scaled(u), scaled(v)]
}

/** Returns max|s_i − s_{i−1}| / max|s_{i−1}| over all latents, `[B]`. */
function relativeChange(before: State, after: State): Float32Array {
  return tidy(() => {
    const names = Object.keys(after)
    const largest = (latents: readonly tf.Tensor[]): tf.Tensor =>
      latents.map((latent): tf.Tensor => tf.max(tf.abs(latent), [1, 2])).reduce((a, b) => tf.maximum(a, b))
    const change = largest(names.map((name) => tf.sub(after[name]!, before[name]!)))
    const size = largest(names.map((name) => before[name]!))
    return tf.div(change, size).dataSync<'float32'>().slice()
  })
}

function differs(a: Int32Array, b: Int32Array, row: number, seqLen: number): boolean {
  for (let at = row * seqLen; at < (row + 1) * seqLen; at++) if (a[at] !== b[at]) return true
  return false
}

/** Returns a batch of one row that is repeated. */
function repeated({ seqLen, inputs, labels, puzzleIds, rows, versions }: Batch, size: number): Batch {
  const many = (values: Int32Array): Int32Array =>
    Int32Array.from({ length: size * seqLen }, (_, i) => values[i % seqLen]!)
  return {
    size,
    seqLen,
    inputs: many(inputs),
    labels: many(labels),
    puzzleIds: new Int32Array(size).fill(puzzleIds[0]!),
    rows: new Int32Array(size).fill(rows[0]!),
    versions: new Int32Array(size).fill(versions[0]!),
  }
}
