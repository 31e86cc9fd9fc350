import * as tf from '@tensorflow/tfjs-core'
import { type Kernels, kernels } from '../backend/kernels.js'
import type { Model } from '../model/model.js'
import type { State } from '../model/recursion.js'
import { latentNames } from '../model/shape.js'

/** Outputs of the heads after a supervision step, and how far the step has moved, with one entry per row. */
export interface RawMeasures {
  /** `[R, seqLen, V]`, for the next step; the caller frees it. */
  readonly logits: tf.Tensor3D
  /** `[R · seqLen]` the most likely tokens. */
  readonly predictions: Int32Array
  readonly qHalt: Float32Array
  readonly qContinue: Float32Array
  /** ‖y_t − y_{t−1}‖ / ‖y_{t−1}‖; 0 if nothing has moved. */
  readonly deltaY: Float32Array
  /** ‖z_t − z_{t−1}‖ / ‖z_{t−1}‖ over all latents but y together; 0 if y is the only one. */
  readonly deltaZ: Float32Array
  /** ‖logits_t − logits_{t−1}‖ / √seqLen. */
  readonly deltaLogits: Float32Array
  /** Smallest difference over the cells between the largest logit and the second largest. */
  readonly margin: Float32Array
}

/** A step's latents, and the logits before it. */
export interface Step {
  readonly before: State
  readonly after: State
  /** `[R, seqLen, V]` */
  readonly previous: tf.Tensor3D
}

/**
 * Measures a supervision step, by the fused kernels if they run. The numbers of a row depend neither on the other rows nor on
 * the number of threads.
 */
export function measure(model: Model, step: Step): RawMeasures {
  const fast = kernels()
  return fast ? measureByKernel(fast, model, step) : measureByRow(model, step)
}

/** Computes {@link measure} as one operation; lib/backend/kernels/think.h lists the columns of `numbers`. */
function measureByKernel(fast: Kernels, { shape, weights }: Model, { before, after, previous }: Step): RawMeasures {
  const names = latentNames(shape)
  const { 'lm_head.weight': lm, 'q_head.weight': q, 'q_head.bias': bias } = weights
  const latents = (state: State): tf.Tensor3D[] => names.map((name) => state[name]!)
  const [logits, tokens, columns] = fast.run(
    'RecurlabMeasure',
    { latents: names.length, first: shape.puzzleTokens },
    [lm!, q!, bias!, previous, ...latents(before), ...latents(after)],
    3,
  )
  const rows = previous.shape[0]
  const values = numbers(columns!)
  const column = (i: number): Float32Array => values.subarray(i * rows, (i + 1) * rows)
  const predictions = new Int32Array(numbers(tokens!))
  tf.dispose([tokens!, columns!])
  return {
    logits: logits as tf.Tensor3D,
    predictions,
    qHalt: column(0),
    qContinue: column(1),
    deltaY: column(2),
    deltaZ: column(3),
    deltaLogits: column(4),
    margin: column(5),
  }
}

/**
 * Computes {@link measure} in plain TypeScript. Every row is computed by itself in one order, so that its numbers do not
 * depend on the other rows; the products of TensorFlow sum in an order that depends on their sizes.
 */
export function measureByRow({ shape, weights }: Model, { before, after, previous }: Step): RawMeasures {
  const [answer, ...others] = latentNames(shape)
  const { seqLen, vocabSize: V, puzzleTokens, hidden: D } = shape
  const y = numbers(after[answer!]!)
  const rows = after[answer!]!.shape[0]
  const row = (seqLen + puzzleTokens) * D
  const lm = numbers(weights['lm_head.weight']!)
  const q = numbers(weights['q_head.weight']!)
  const bias = numbers(weights['q_head.bias']!)
  const last = numbers(previous)
  const logits = new Float32Array(rows * seqLen * V)
  const predictions = new Int32Array(rows * seqLen)
  const column = (): Float32Array => new Float32Array(rows)
  const [qHalt, qContinue, deltaLogits, margin] = [column(), column(), column(), column()]
  for (let r = 0; r < rows; r++) {
    qHalt[r] = dot(y, r * row, q, 0, D) + bias[0]!
    qContinue[r] = dot(y, r * row, q, D, D) + bias[1]!
    let moved = 0
    let least = Number.POSITIVE_INFINITY
    for (let cell = 0; cell < seqLen; cell++) {
      const at = (r * seqLen + cell) * V
      let [first, second, token] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
      for (let v = 0; v < V; v++) {
        logits[at + v] = dot(y, r * row + (puzzleTokens + cell) * D, lm, v * D, D)
        const logit = logits[at + v]!
        moved += (logit - last[at + v]!) ** 2
        if (logit > first) [first, second, token] = [logit, first, v]
        else if (logit > second) second = logit
      }
      predictions[r * seqLen + cell] = token
      least = Math.min(least, first - second)
    }
    deltaLogits[r] = Math.sqrt(moved / seqLen)
    margin[r] = least
  }
  return {
    logits: tf.tensor3d(logits, [rows, seqLen, V]),
    predictions,
    qHalt,
    qContinue,
    deltaY: motion([[numbers(before[answer!]!), y]], rows, row),
    deltaZ: motion(
      others.map((name) => [numbers(before[name]!), numbers(after[name]!)] as const),
      rows,
      row,
    ),
    deltaLogits,
    margin,
  }
}

function numbers(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync<'float32'>()
}

function dot(a: Float32Array, from: number, b: Float32Array, start: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += a[from + i]! * b[start + i]!
  return sum
}

/** Returns ‖after − before‖ / ‖before‖ of each row, over all pairs of latents together. */
function motion(
  latents: readonly (readonly [before: Float32Array, after: Float32Array])[],
  rows: number,
  row: number,
): Float32Array {
  return Float32Array.from({ length: rows }, (_, r) => {
    let [moved, size] = [0, 0]
    for (const [before, after] of latents)
      for (let i = r * row; i < (r + 1) * row; i++) {
        moved += (after[i]! - before[i]!) ** 2
        size += before[i]! ** 2
      }
    return moved === 0 ? 0 : Math.sqrt(moved / size)
  })
}
