import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Batch } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { advance, beginEvaluation, type EvaluationState, endEvaluation } from '../evaluate/states.js'
import { readHeads } from '../evaluate/steps.js'
import { rowOutcome } from '../model/accuracy.js'
import type { Model } from '../model/model.js'
import type { State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import { Random } from '../random.js'
import { copied, difference, disposeState, moved, normalLike, rowNorms, unit } from './latents.js'

/** Direction of a perturbation: drawn at random, or that of the supervision step just taken (`natural`). */
export type GrowthDirection = 'random' | 'natural'

/** Options of growth, without the depth, whose default depends on the model. */
export const growthOptions = z.strictObject({
  depth: z.int().min(1).optional().describe('Supervision steps D. Default: four times those of training.'),
  horizon: z
    .int()
    .min(1)
    .optional()
    .describe('The largest k of λ_k: steps after which a new perturbed copy begins. Default: 4.'),
  epsilon: z
    .number()
    .gt(0)
    .lt(1)
    .default(1e-4)
    .describe('Size of a perturbation as a share of the norm of the latents.'),
  seed: z.int().min(0).default(0).describe('Seed of the random directions.'),
})

/** Settings of {@link growthSteps}. */
export interface GrowthSettings extends z.output<typeof growthOptions> {
  readonly depth: number
  readonly horizon: number
}

/** Growth of one perturbation of each row of a batch. */
export interface Growth {
  /** The supervision step whose state was perturbed; 0: the initial state. */
  readonly from: number
  readonly direction: GrowthDirection
  /** k: steps since. */
  readonly k: number
  /** `[B]` λ_k = (1/k) log(‖δs_{t+k}‖ / ‖δs_t‖); NaN where the direction is none, since the row did not move; −∞ where nothing is left of the perturbation. */
  readonly lambda: Float64Array
}

/** One supervision step of a batch, with the growth of the perturbations that are under way. */
export interface GrowthStep {
  /** Counted from 1. */
  readonly step: number
  /** `[B]` 1 where the answer is right. */
  readonly exact: Uint8Array
  readonly growths: readonly Growth[]
  /** The input and the latents after this step; valid until the next one. */
  readonly now: Pick<EvaluationState, 'x' | 'state'>
}

/** A perturbed copy of the states of a batch. */
interface Copy {
  readonly from: number
  readonly direction: GrowthDirection
  readonly state: State
  /** `[B]` the norm of the perturbation at its start, as it was stored. */
  readonly sizes: Float32Array
}

/**
 * Yields how fast small perturbations grow along the trajectories of a batch: λ_k(v) = (1/k) log(‖δs_{t+k}‖ / ε) of perturbed
 * copies, where s is all latents together and ε = `epsilon` · ‖s‖ ("When recursive models finish computing", 2026, which
 * takes 1e-4). A copy runs for `horizon` steps beside the trajectory; then a new one begins. The growth factor after one
 * step in the natural direction, exp(λ_1), is γ_nat = ‖J d‖ to first order in ε, by a one-sided difference. Noise of
 * float32 hides what falls below some 1e-6 of ‖s‖: a λ_k below (1/k) log(1e-2) is not resolved with ε = 1e-4.
 *
 * @param model computed in its own type; float32 is needed for ε of this size
 * @throws UserError for a horizon beyond the depth.
 */
export function* growthSteps(model: Model, batch: Batch, settings: GrowthSettings): Generator<GrowthStep, void> {
  const { depth, horizon, epsilon, seed } = settings
  if (horizon > depth)
    throw new UserError({
      where: 'key horizon',
      expected: `at most depth, ${depth} supervision steps`,
      found: String(horizon),
      exitCode: 2,
    })
  const { weights, shape } = model
  const { size } = batch
  let now = beginEvaluation(model, weights, batch)
  let copies: Copy[] = []
  const drop = (): void => {
    for (const { state } of copies) disposeState(state)
    copies = []
  }
  const begin = (from: number, direction: GrowthDirection, along: State): void => {
    const made = tidy(() => {
      const sizes = tf.mul(rowNorms(now.state), epsilon) as tf.Tensor1D
      const state = moved(now.state, unit(along), sizes)
      return { state, sizes: rowNorms(difference(state, now.state)) }
    })
    copies.push({ from, direction, state: made.state, sizes: made.sizes.dataSync<'float32'>().slice() })
    made.sizes.dispose()
  }
  const beginRandom = (from: number): void => {
    const rows = Array.from({ length: size }, (_, row) =>
      Random.of(seed, 'growth', batch.rows[row]!, batch.versions[row]!, from),
    )
    const drawn = normalLike(now.state, rows)
    begin(from, 'random', drawn)
    disposeState(drawn)
  }
  try {
    beginRandom(0)
    for (let step = 1; step <= depth; step++) {
      const before = copied(now.state)
      now = advance(model, weights, now)
      copies = copies.map((copy) => ({ ...copy, state: advance(model, weights, { ...now, state: copy.state }).state }))
      const growths = copies.map(({ from, direction, state, sizes }): Growth => {
        const norms = tidy(() => rowNorms(difference(state, now.state)).dataSync<'float32'>())
        const k = step - from
        const lambda = Float64Array.from(norms, (norm, row) =>
          sizes[row]! > 0 ? Math.log(norm / sizes[row]!) / k : Number.NaN,
        )
        return { from, direction, k, lambda }
      })
      const outputs = readHeads(weights, shape, now.state)
      const rows = { ...outputs, supervisionSteps: new Int32Array(size).fill(step) }
      const exact = Uint8Array.from({ length: size }, (_, row) => {
        const { counted, exact } = rowOutcome(rows, batch, row)
        return counted > 0 && exact ? 1 : 0
      })
      if (step % horizon === 0) {
        drop()
        beginRandom(step)
        const taken = difference(now.state, before)
        begin(step, 'natural', taken)
        disposeState(taken)
      }
      disposeState(before)
      yield { step, exact, growths, now }
    }
  } finally {
    drop()
    endEvaluation(now)
  }
}
