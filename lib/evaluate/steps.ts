import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { answerOf, heads } from '../model/heads.js'
import type { Model } from '../model/model.js'
import type { State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import type { Weights } from '../model/weights.js'
import { statesOfSteps } from './states.js'

/** The heads' outputs after one supervision step. */
export interface SupervisionStep {
  /** From 1. */
  readonly step: number
  /** `[B, seqLen]` the likeliest tokens. */
  readonly predictions: Int32Array
  /** `[B]`: its sigmoid is the halting probability. */
  readonly qHalt: Float32Array
  /** `[B]` */
  readonly qContinue: Float32Array
}

/**
 * Evaluates one batch step by step, without halting. After the last step the predictions are those of
 * `evaluateBatch` with as many steps. The memory of the backend is freed when the generator ends or is left.
 *
 * @param weights what to evaluate with: the EMA or the live weights
 */
export function* evaluateSteps(
  model: Model,
  weights: Weights,
  batch: Batch,
  supervisionSteps: number,
): Generator<SupervisionStep, void> {
  for (const { step, state } of statesOfSteps(model, weights, batch, supervisionSteps))
    yield { step, ...readHeads(weights, model.shape, state) }
}

/** The heads' outputs for some latents, as numbers. */
export function readHeads(weights: Weights, shape: Model['shape'], state: State): Omit<SupervisionStep, 'step'> {
  return tidy(() => {
    const { logits, qHalt, qContinue } = heads(answerOf(shape, state), weights, shape)
    return {
      predictions: Int32Array.from(tf.argMax(logits, -1).dataSync()),
      qHalt: Float32Array.from(qHalt.dataSync()),
      qContinue: Float32Array.from(qContinue.dataSync()),
    }
  })
}
