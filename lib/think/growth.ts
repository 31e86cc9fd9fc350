import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { advance, beginEvaluation, endEvaluation } from '../evaluate/states.js'
import { readHeads } from '../evaluate/steps.js'
import { rowOutcome } from '../model/accuracy.js'
import type { Model } from '../model/model.js'
import type { State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import { Random } from '../random.js'
import { difference, disposeState, moved, normalLike, rowNorms, unit } from './latents.js'

/** Direction of a perturbation: drawn at random, or that of the supervision step just taken (`natural`). */
export type GrowthDirection = 'random' | 'natural'

/** Settings of {@link growthSteps}. */
export interface GrowthSettings {
  /** D: supervision steps. */
  readonly depth: number
  /** The largest k of λ_k: steps after which a perturbed copy is dropped and a new one begins. */
  readonly horizon: number
  /** Size of a perturbation as a share of ‖s‖. */
  readonly epsilon: number
  readonly seed: number
}

/** Growth of one perturbation of each row of a batch. */
export interface Growth {
  /** The supervision step whose state was perturbed; 0: the initial state. */
  readonly from: number
  readonly direction: GrowthDirection
  /** k: steps since. */
  readonly k: number
  /** `[B]` λ_k = (1/k) log(‖δs_{t+k}‖ / ‖δs_t‖); NaN where the direction is none, since the row did not move. */
  readonly lambda: Float64Array
}

/** One supervision step of a batch, with the growth of the perturbations that are under way. */
export interface GrowthStep {
  /** Counted from 1. */
  readonly step: number
  /** `[B]` 1 where the answer is right. */
  readonly exact: Uint8Array
  readonly growths: readonly Growth[]
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
 * @throws UserError for settings out of range.
 */
export function* growthSteps(model: Model, batch: Batch, settings: GrowthSettings): Generator<GrowthStep, void> {
  checkGrowth(settings)
  const { depth, horizon, epsilon, seed } = settings
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
      const before = tidy(() => difference(now.state, zerosLike(now.state)))
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
      yield { step, exact, growths }
    }
  } finally {
    drop()
    endEvaluation(now)
  }
}

function zerosLike(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, latent]) => [name, tf.zerosLike(latent)]))
}

/** @throws UserError for settings out of range. */
function checkGrowth({ depth, horizon, epsilon }: GrowthSettings): void {
  const counts = { depth, horizon }
  for (const [where, value] of Object.entries(counts))
    if (!(Number.isInteger(value) && value >= 1))
      throw new UserError({ where, expected: 'a whole number of 1 or more', found: String(value) })
  if (horizon > depth)
    throw new UserError({ where: 'horizon', expected: `at most depth, ${depth} steps`, found: String(horizon) })
  if (!(epsilon > 0 && epsilon < 1))
    throw new UserError({
      where: 'epsilon',
      expected: 'a share of the norm between 0 and 1, e.g. 1e-4',
      found: String(epsilon),
    })
}
