import * as tf from '@tensorflow/tfjs-core'
import { type Kernels, kernels } from '../backend/kernels.js'
import type { Weights } from '../model/weights.js'

/** Settings of the optimiser of all weights except the puzzle embedding. */
export interface OptimizerOptions {
  /** AdamATan2 as in the published code, or AdamW as in the paper's text. */
  readonly kind: 'adamatan2' | 'adamw'
  readonly beta1: number
  readonly beta2: number
  /** Decoupled weight decay. */
  readonly weightDecay: number
}

/** First and second moments by weight name, and the number of updates. */
export interface OptimizerState {
  readonly m: Weights
  readonly v: Weights
  readonly t: number
}

/** AdamW's ε against division by 0, as in PyTorch. */
export const ADAMW_EPSILON = 1e-8

/** Returns zero moments for every weight. */
export function initialOptimizer(weights: Weights): OptimizerState {
  const zeros = (): Weights => mapWeights(weights, (weight) => tf.zerosLike(weight))
  return { m: zeros(), v: zeros(), t: 0 }
}

/** The result of an update: new tensors for the weights that have a gradient. */
export interface Updated {
  readonly weights: Weights
  readonly state: OptimizerState
  /** null without EMA. */
  readonly ema: Weights | null
}

/**
 * Makes one update. AdamATan2 ("Scaling Exponents Across Parameterizations and Optimizers", arXiv 2407.05872): p ← p(1 -
 * lr·wd) - lr/(1 - β1ᵗ) · atan2(m, √v/√(1 - β2ᵗ)); AdamW (arXiv 1711.05101) as in PyTorch, ε = 1e-8. Then the EMA e ← μe +
 * (1 - μ)p.
 *
 * Returns new weights, moments and averages for the weights that have a gradient; the caller frees the old ones.
 *
 * @param ema the averages; null without EMA
 * @param emaRate μ
 */
export function optimizerStep(
  weights: Weights,
  gradients: Weights,
  state: OptimizerState,
  lr: number,
  options: OptimizerOptions,
  ema: Weights | null = null,
  emaRate = 0,
): Updated {
  const t = state.t + 1
  const update = updater(options.kind, updateNumbers(options, lr, t, emaRate))
  const m: Record<string, tf.Tensor> = {}
  const v: Record<string, tf.Tensor> = {}
  const next: Record<string, tf.Tensor> = {}
  const averages: Record<string, tf.Tensor> = {}
  for (const [name, g] of Object.entries(gradients)) {
    const after = tf.tidy(() => update(weights[name]!, g, state.m[name]!, state.v[name]!, ema?.[name] ?? null))
    next[name] = after[0]!
    m[name] = after[1]!
    v[name] = after[2]!
    if (ema) averages[name] = after[3]!
  }
  return { weights: next, state: { m, v, t }, ema: ema && averages }
}

/** Scalars of an update, shared by all weights. */
export interface UpdateNumbers {
  readonly beta1: number
  readonly beta2: number
  /** lr / (1 - β1ᵗ) */
  readonly rate: number
  /** 1 / √(1 - β2ᵗ) */
  readonly secondScale: number
  /** 1 - lr · weight decay */
  readonly keep: number
  readonly ema: number
}

/** Returns the scalars of the t-th update. */
export function updateNumbers(options: OptimizerOptions, lr: number, t: number, ema: number): UpdateNumbers {
  const { beta1, beta2, weightDecay } = options
  return {
    beta1,
    beta2,
    rate: lr / (1 - beta1 ** t),
    secondScale: 1 / Math.sqrt(1 - beta2 ** t),
    keep: 1 - lr * weightDecay,
    ema,
  }
}

/** Returns the new weight, its two moments, and its average if it has one. */
type UpdateOne = (p: tf.Tensor, g: tf.Tensor, m: tf.Tensor, v: tf.Tensor, ema: tf.Tensor | null) => tf.Tensor[]

function updater(kind: OptimizerOptions['kind'], numbers: UpdateNumbers): UpdateOne {
  const fast = kernels()
  return fast ? fusedUpdate(fast, kind, numbers) : plainUpdate(kind, numbers)
}

function plainUpdate(
  kind: OptimizerOptions['kind'],
  { beta1, beta2, rate, secondScale, keep, ema }: UpdateNumbers,
): UpdateOne {
  return (p, g, oldM, oldV, average) => {
    const m = tf.add(tf.mul(oldM, beta1), tf.mul(g, 1 - beta1))
    const v = tf.add(tf.mul(oldV, beta2), tf.mul(tf.square(g), 1 - beta2))
    const root = tf.mul(tf.sqrt(v), secondScale)
    const direction = kind === 'adamatan2' ? tf.atan2(m, root) : tf.div(m, tf.add(root, ADAMW_EPSILON))
    const next = tf.sub(tf.mul(p, keep), tf.mul(direction, rate))
    return average ? [next, m, v, tf.add(tf.mul(average, ema), tf.mul(next, 1 - ema))] : [next, m, v]
  }
}

function fusedUpdate(fast: Kernels, kind: OptimizerOptions['kind'], numbers: UpdateNumbers): UpdateOne {
  const { beta1, beta2, rate, secondScale, keep, ema } = numbers
  const attributes = { atan2: kind === 'adamatan2' }
  return (p, g, m, v, average) => {
    const scalars = tf.tensor1d([beta1, beta2, rate, secondScale, keep, ADAMW_EPSILON, ema])
    const updated = fast.run('RecurlabUpdate', attributes, [p, g, m, v, average ?? tf.tensor1d([]), scalars], 4)
    return average ? updated : updated.slice(0, 3)
  }
}

/** Returns a new record with every tensor replaced. */
export function mapWeights(weights: Weights, change: (weight: tf.Tensor, name: string) => tf.Tensor): Weights {
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, change(weight, name)]))
}

/** Returns the named weights; tensors are shared. */
export function pickWeights(weights: Weights, names: readonly string[]): Weights {
  return Object.fromEntries(names.map((name) => [name, weights[name]!]))
}

/** Frees every tensor of a record. */
export function disposeWeights(weights: Weights): void {
  tf.dispose(Object.values(weights))
}
