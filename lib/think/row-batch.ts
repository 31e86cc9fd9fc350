import * as tf from '@tensorflow/tfjs-core'
import { emptyBatch } from '../data/batch.js'
import { disposeFused, type FusedWeights, fuseWeights } from '../model/fused-weights.js'
import type { Model } from '../model/model.js'
import { refineWithoutGradient } from '../model/network.js'
import { programsOf, type State } from '../model/recursion.js'
import { latentNames, totalTokens } from '../model/shape.js'
import { tidy } from '../model/tidy.js'
import { refineByCall } from './changed-calls.js'
import { measure, type RawMeasures } from './measure.js'
import { mapState, plusCallNoise, plusStepNoise, type RowStream, randomLatents } from './rollout-noise.js'
import type { RolloutRow, RunningRow } from './rows.js'
import type { RolloutSettings } from './settings.js'

/** Memory of a batch's tensors at most. */
const MOST_BYTES = 512 * 2 ** 20

/** Returns the number of rows that are computed at a time: `batch`, or fewer so that their tensors take at most 512 MiB. */
export function rowsAtOnce({ shape }: Pick<Model, 'shape'>, batch: number): number {
  // x, the latents before a step, with noise, and after it, and what is added or passed from call to call.
  const states = 1 + 4 * latentNames(shape).length + 3
  const numbers = states * totalTokens(shape) * shape.hidden + 3 * shape.seqLen * shape.vocabSize
  return Math.max(1, Math.min(batch, Math.floor(MOST_BYTES / (4 * numbers))))
}

/** The rollouts that are computed together, with their latents. Free it with {@link RowBatch.dispose}. */
export class RowBatch {
  readonly rows: RunningRow[] = []
  readonly #model: Model
  readonly #settings: RolloutSettings
  readonly #noisy: readonly string[]
  readonly #fused: FusedWeights | null
  #tensors: Tensors | null = null

  /** @param noisy the latents that noise is added to */
  constructor(model: Model, settings: RolloutSettings, noisy: readonly string[]) {
    this.#model = model
    this.#settings = settings
    this.#noisy = noisy
    this.#fused = tidy(() => fuseWeights(model.weights, model.shape, false, model.dtype))
  }

  /** Adds rollouts with their initial latents. */
  add(rows: readonly RolloutRow[]): void {
    if (rows.length === 0) return
    const made = this.#start(rows)
    this.rows.push(...rows.map((row) => ({ row, step: 0, answer: null })))
    this.#replace(this.#tensors ? joined(this.#tensors, made) : made, this.#tensors ? made : null)
  }

  /** Computes one supervision step of every row. */
  advance(): Omit<RawMeasures, 'logits'> {
    const { x, state, logits } = this.#tensors!
    const { after, measures } = tidy(() => {
      const after = this.#refinedByRow(x, state)
      return { after, measures: measure(this.#model, { before: state, after, previous: logits }) }
    })
    for (const row of this.rows) row.step++
    const { logits: next, ...others } = measures
    for (const [name, tensor] of Object.entries(state)) if (after[name] !== tensor) tensor.dispose()
    logits.dispose()
    this.#tensors = { x, state: after, logits: next }
    return others
  }

  /** Keeps the rows at the given indices, in their order; an index may occur more than once. */
  take(indices: readonly number[]): void {
    if (indices.length === this.rows.length && indices.every((index, i) => index === i)) return
    this.rows.splice(0, this.rows.length, ...indices.map((index) => ({ ...this.rows[index]! })))
    this.#replace(indices.length > 0 ? gathered(this.#tensors!, indices) : null, null)
  }

  /** Frees all tensors. */
  dispose(): void {
    this.#replace(null, null)
    if (this.#fused) disposeFused(this.#fused)
  }

  #replace(next: Tensors | null, used: Tensors | null): void {
    for (const old of [this.#tensors, used]) if (old) tf.dispose([old.x, old.logits, ...Object.values(old.state)])
    this.#tensors = next
  }

  #start(rows: readonly RolloutRow[]): Tensors {
    const { shape } = this.#model
    const { init, initStd } = this.#settings
    const batch = emptyBatch(rows.length, shape.seqLen)
    for (const [r, { inputs, posed }] of rows.entries()) {
      batch.inputs.set(inputs, r * shape.seqLen)
      batch.puzzleIds[r] = posed.batch.puzzleIds[0]!
    }
    return tidy(() => {
      const zeros = tf.zeros<tf.Rank.R3>([rows.length, totalTokens(shape), shape.hidden])
      return {
        x: this.#model.embed(batch),
        state:
          init === 'random'
            ? randomLatents(
                latentNames(shape),
                zeros,
                rows.map(({ stream }) => stream),
                initStd,
              )
            : this.#model.start(batch),
        logits: tf.zeros([rows.length, shape.seqLen, shape.vocabSize]),
      }
    })
  }

  /**
   * Returns the latents after a supervision step. Without the fused kernels every row is computed by itself: plain
   * products sum in an order that depends on the number of rows, and on the place of a row among them.
   */
  #refinedByRow(x: tf.Tensor3D, state: State): State {
    if (this.#fused) return this.#refined(this.rows, x, state)
    const alone = this.rows.map((row, r) => {
      const one = (tensor: tf.Tensor3D): tf.Tensor3D => tf.slice(tensor, [r, 0, 0], [1, -1, -1])
      return tidy(() => this.#refined([row], one(x), mapState(state, one)))
    })
    return mapState(state, (_, name) => tf.concat(alone.map((made) => made[name]!)))
  }

  #refined(rows: readonly RunningRow[], x: tf.Tensor3D, state: State): State {
    const { weights, shape } = this.#model
    const { noise, noiseAt, damping, dampingAt, dampingAfter } = this.#settings
    const networked = { weights, shape, fused: this.#fused }
    const { all } = programsOf(shape)
    const start =
      noise > 0 && noiseAt === 'step'
        ? plusStepNoise(state, latentNames(shape), this.#noisy, streamsOf(rows), noise)
        : state
    // α by row: rows of a batch may be at different steps.
    const alphas = rows.map(({ step }) => (step >= dampingAfter ? damping : 1))
    const isDamped = alphas.some((alpha) => alpha !== 1)
    const alpha = tf.tensor3d(alphas, [alphas.length, 1, 1])
    const damped = (made: tf.Tensor3D, from: tf.Tensor3D): tf.Tensor3D =>
      tf.add(tf.mul(tf.sub(1, alpha), from), tf.mul(alpha, made))
    const isNoisyCall = noise > 0 && noiseAt === 'call'
    const isDampedCall = isDamped && dampingAt === 'call'
    const end =
      isNoisyCall || isDampedCall
        ? refineByCall(networked, all, x, start, (call, made, replaced) => {
            const next = isDampedCall ? damped(made, replaced) : made
            return isNoisyCall ? plusCallNoise(next, call, streamsOf(rows), noise) : next
          })
        : refineWithoutGradient(networked, all, x, start)
    return isDamped && dampingAt === 'step' ? mapState(end, (made, name) => damped(made, start[name]!)) : end
  }
}

function streamsOf(rows: readonly RunningRow[]): RowStream[] {
  return rows.map(({ row, step }) => ({ stream: row.stream, step }))
}

interface Tensors {
  /** `[R, L, D]` */
  readonly x: tf.Tensor3D
  readonly state: State
  /** `[R, seqLen, V]` of the last step; zeros before the first. */
  readonly logits: tf.Tensor3D
}

/** Applies a change to every tensor; `of` picks the tensor of the same name from other ones. */
function each(
  { x, state, logits }: Tensors,
  change: (tensor: tf.Tensor3D, of: (other: Tensors) => tf.Tensor3D) => tf.Tensor3D,
): Tensors {
  return tidy(() => ({
    x: change(x, (other) => other.x),
    state: mapState(state, (latent, name) => change(latent, (other) => other.state[name]!)),
    logits: change(logits, (other) => other.logits),
  }))
}

function joined(first: Tensors, second: Tensors): Tensors {
  return each(first, (tensor, of) => tf.concat([tensor, of(second)]))
}

function gathered(tensors: Tensors, indices: readonly number[]): Tensors {
  return tidy(() => {
    const at = tf.tensor1d([...indices], 'int32')
    return each(tensors, (tensor) => tf.gather(tensor, at))
  })
}
