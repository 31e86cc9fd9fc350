import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { disposeCarry, emptyCarry, takeRows } from '../model/carry.js'
import { embed, puzzleRows } from '../model/embed.js'
import { disposeFused, type FusedWeights, fuseWeights } from '../model/fused-weights.js'
import type { Model } from '../model/model.js'
import { refineWithoutGradient } from '../model/network.js'
import { programsOf, type State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import type { Weights } from '../model/weights.js'

/** An evaluation's tensors between two supervision steps: the input, the latents, the packed weights. */
export interface EvaluationState {
  /** `[B, L, D]` */
  readonly x: tf.Tensor3D
  readonly state: State
  readonly fused: FusedWeights | null
}

/** Embeds a batch and gives every row its initial latents. Free the result with {@link endEvaluation}. */
export function beginEvaluation(model: Model, weights: Weights, batch: Batch): EvaluationState {
  const { shape } = model
  const empty = emptyCarry(model, batch.size)
  const { state } = takeRows(empty, batch, model)
  disposeCarry(empty)
  const { x, fused } = tidy(() => {
    const inputs = tf.tensor2d(batch.inputs, [batch.size, batch.seqLen], 'int32')
    return {
      x: embed(inputs, weights, shape, puzzleRows(model, batch.puzzleIds)),
      fused: fuseWeights(weights, shape, false, model.dtype),
    }
  })
  return { x, state, fused }
}

/** Frees an evaluation's tensors. */
export function endEvaluation({ x, state, fused }: EvaluationState): void {
  tf.dispose([x, ...Object.values(state)])
  if (fused) disposeFused(fused)
}

/**
 * Yields the latents of one batch after each supervision step, from initial ones, without halting. Each is freed before the
 * next; the rest is freed when the generator ends or is closed.
 */
export function* statesOfSteps(
  model: Model,
  weights: Weights,
  batch: Batch,
  supervisionSteps: number,
): Generator<{ readonly step: number; readonly state: State }, void> {
  let now = beginEvaluation(model, weights, batch)
  try {
    for (let step = 1; step <= supervisionSteps; step++) {
      now = advance(model, weights, now)
      yield { step, state: now.state }
    }
  } finally {
    endEvaluation(now)
  }
}

/** Computes one supervision step, and frees the latents that it started from. */
export function advance(model: Model, weights: Weights, { x, state, fused }: EvaluationState): EvaluationState {
  const { all } = programsOf(model.shape)
  const next = refineWithoutGradient({ weights, shape: model.shape, fused }, all, x, state)
  for (const [name, tensor] of Object.entries(state)) if (next[name] !== tensor) tensor.dispose()
  return { x, state: next, fused }
}
