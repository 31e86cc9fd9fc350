import * as tf from '@tensorflow/tfjs-core'
import type { Weights } from '../model/weights.js'

/** Settings of the optimiser of all weights but the puzzle embedding. */
export interface OptimizerOptions {
  /** AdamATan2 as in the published code, or AdamW as in the paper's text. */
  readonly kind: 'adamatan2' | 'adamw'
  readonly beta1: number
  readonly beta2: number
  /** Decoupled weight decay. */
  readonly weightDecay: number
}

/** First and second moments by weight name, and the number of updates made. */
export interface OptimizerState {
  readonly m: Weights
  readonly v: Weights
  readonly t: number
}

/** AdamW's guard against division by 0, as in PyTorch. */
const ADAMW_EPSILON = 1e-8

/** Moments of zero for every weight. */
export function initialOptimizer(weights: Weights): OptimizerState {
  const zeros = (): Weights => mapWeights(weights, (weight) => tf.zerosLike(weight))
  return { m: zeros(), v: zeros(), t: 0 }
}

/**
 * One update. AdamATan2 ("Scaling Exponents Across Parameterizations and Optimizers", arXiv 2407.05872):
 * p ← p(1 - lr·wd) - lr/(1 - β1ᵗ) · atan2(m, √v/√(1 - β2ᵗ)); AdamW (arXiv 1711.05101) as in PyTorch, ε = 1e-8.
 *
 * Returns new weights and moments of those that have a gradient; the given ones are left for the caller to free.
 */
export function optimizerStep(
  weights: Weights,
  gradients: Weights,
  state: OptimizerState,
  lr: number,
  { kind, beta1, beta2, weightDecay }: OptimizerOptions,
): { weights: Weights; state: OptimizerState } {
  const t = state.t + 1
  const m: Record<string, tf.Tensor> = {}
  const v: Record<string, tf.Tensor> = {}
  const next: Record<string, tf.Tensor> = {}
  const rate = lr / (1 - beta1 ** t)
  const secondScale = 1 / Math.sqrt(1 - beta2 ** t)
  for (const [name, g] of Object.entries(gradients)) {
    const weight = weights[name]!
    const [newM, newV, newWeight] = tf.tidy(() => {
      const m = tf.add(tf.mul(state.m[name]!, beta1), tf.mul(g, 1 - beta1))
      const v = tf.add(tf.mul(state.v[name]!, beta2), tf.mul(tf.square(g), 1 - beta2))
      const root = tf.mul(tf.sqrt(v), secondScale)
      const direction = kind === 'adamatan2' ? tf.atan2(m, root) : tf.div(m, tf.add(root, ADAMW_EPSILON))
      return [m, v, tf.sub(tf.mul(weight, 1 - lr * weightDecay), tf.mul(direction, rate))] as tf.Tensor[]
    }) as [tf.Tensor, tf.Tensor, tf.Tensor]
    m[name] = newM
    v[name] = newV
    next[name] = newWeight
  }
  return { weights: next, state: { m, v, t } }
}

/** e ← μe + (1 - μ)p for every weight; returns new tensors. */
export function emaStep(ema: Weights, weights: Weights, rate: number): Weights {
  return mapWeights(ema, (e, name) => tf.tidy(() => tf.add(tf.mul(e, rate), tf.mul(weights[name]!, 1 - rate))))
}

/** A new record with every tensor replaced. */
export function mapWeights(weights: Weights, change: (weight: tf.Tensor, name: string) => tf.Tensor): Weights {
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, change(weight, name)]))
}

/** The named ones, the tensors shared. */
export function pickWeights(weights: Weights, names: readonly string[]): Weights {
  return Object.fromEntries(names.map((name) => [name, weights[name]!]))
}

/** Frees every tensor of a record. */
export function disposeWeights(weights: Weights): void {
  tf.dispose(Object.values(weights))
}
