import type * as tf from '@tensorflow/tfjs-core'
import { Random } from '../random.js'
import { mixerWeights } from './mixer.js'
import { headSize, initName, latentNames, type ModelShape, stacks, swigluInner, totalTokens } from './shape.js'

/** Trained tensors by published name (`L_level.layers.0.mlp.down_proj.weight`, …). */
export type Weights = Readonly<Record<string, tf.Tensor>>

/**
 * Returns the weights below a prefix, by the last part of their names:
 * `weightsAt(weights, 'L_level.layers.0.mlp').down_proj`. The tensors are shared; without a match the result is empty.
 *
 * @param at the prefix, without a dot at its end
 */
export function weightsAt<Names extends object>(weights: Weights, at: string): Names {
  const [start, end] = [`${at}.`, '.weight']
  const below = Object.entries(weights).filter(([name]) => name.startsWith(start) && name.endsWith(end))
  return Object.fromEntries(below.map(([name, weight]) => [name.slice(start.length, -end.length), weight])) as Names
}

/** A tensor's numbers outside any backend. */
export interface HostTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/**
 * A weight's shape and initial value: the standard deviation of its truncated normal (0: zeros), or explicit values.
 */
interface WeightSpec {
  readonly shape: readonly number[]
  readonly std: number
  /** One number for all elements, or one per element. */
  readonly values?: number | ArrayLike<number>
}

/** Name of the puzzle embedding's table in checkpoints. */
export const PUZZLE_TABLE = 'puzzle_emb.weights'

/** Returns every weight of a model in a fixed order, except the puzzle embedding and the initial latents. */
export function weightSpecs(shape: ModelShape): ReadonlyMap<string, WeightSpec> {
  const D = shape.hidden
  const specs = new Map<string, WeightSpec>()
  specs.set('embed_tokens.embedding_weight', { shape: [shape.vocabSize, D], std: 1 / Math.sqrt(D) })
  if (shape.positions === 'learned')
    specs.set('embed_pos.embedding_weight', { shape: [totalTokens(shape), D], std: 1 / Math.sqrt(D) })
  for (const stack of stacks(shape))
    for (let i = 0; i < stack.layers; i++) addBlockSpecs(specs, shape, `${stack.name}.layers.${i}`)
  specs.set('lm_head.weight', linear(shape.vocabSize, D))
  specs.set('q_head.weight', { shape: [2, D], std: 0 })
  specs.set('q_head.bias', { shape: [2], std: 0, values: -5 })
  return specs
}

function addBlockSpecs(specs: Map<string, WeightSpec>, shape: ModelShape, at: string): void {
  const D = shape.hidden
  const L = totalTokens(shape)
  if (shape.mixer === 'attention') {
    const width = shape.heads * headSize(shape)
    specs.set(`${at}.self_attn.qkv_proj.weight`, linear(3 * width, D))
    specs.set(`${at}.self_attn.o_proj.weight`, linear(D, width))
  } else if (shape.mixer !== 'mlp') {
    for (const [name, spec] of mixerWeights(shape, shape.mixer)) specs.set(`${at}.mixer.${name}`, spec)
  } else {
    const inner = swigluInner(L, shape.expansion)
    specs.set(`${at}.mlp_t.gate_up_proj.weight`, linear(2 * inner, L))
    specs.set(`${at}.mlp_t.down_proj.weight`, linear(L, inner))
  }
  const inner = swigluInner(D, shape.expansion)
  specs.set(`${at}.mlp.gate_up_proj.weight`, linear(2 * inner, D))
  specs.set(`${at}.mlp.down_proj.weight`, linear(D, inner))
}

function linear(out: number, inp: number): WeightSpec {
  return { shape: [out, inp], std: 1 / Math.sqrt(inp) }
}

/**
 * Returns the names of the weights that the optimiser changes: neither frozen ones nor a halting head without a loss.
 */
export function trainedNames(shape: ModelShape): string[] {
  if (shape.freeze) return []
  const names = [...weightSpecs(shape).keys()]
  return shape.halting === 'none' ? names.filter((name) => !name.startsWith('q_head.')) : names
}

/** Returns the number of a model's parameters: weights and puzzle embedding, without initial latents. */
export function countParameters(shape: ModelShape): number {
  let count = shape.puzzleIdentifiers * shape.puzzleDim
  for (const spec of weightSpecs(shape).values()) count += spec.shape.reduce((a, b) => a * b, 1)
  return count
}

/**
 * Returns fresh weights, a pure function of (shape, seed). Each tensor has its own stream, so two models that share a
 * tensor's name and shape initialise it alike.
 */
export function initialTensors(shape: ModelShape, seed: number): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>()
  for (const [name, spec] of weightSpecs(shape)) {
    const data = new Float32Array(spec.shape.reduce((a, b) => a * b, 1))
    if (typeof spec.values === 'number') data.fill(spec.values)
    else if (spec.values !== undefined) data.set(spec.values)
    else if (spec.std > 0) truncatedNormal(data, spec.std, Random.of(seed, 'init', name))
    tensors.set(name, { shape: spec.shape, data })
  }
  for (const name of latentNames(shape).map(initName)) {
    const data = new Float32Array(shape.hidden)
    truncatedNormal(data, 1, Random.of(seed, 'init', name))
    tensors.set(name, { shape: [shape.hidden], data })
  }
  if (shape.puzzleDim > 0) {
    const size: [number, number] = [shape.puzzleIdentifiers, shape.puzzleDim]
    tensors.set(PUZZLE_TABLE, { shape: size, data: new Float32Array(size[0] * size[1]) })
  }
  return tensors
}

/** Reads a float tensor back. */
export function hostTensor(tensor: tf.Tensor): HostTensor {
  return { shape: [...tensor.shape], data: Float32Array.from(tensor.dataSync()) }
}

/**
 * Fills `out` with a standard normal truncated to [-2, 2] and rescaled so that its standard deviation is `std` (the
 * JAX/Flax definition: 0.8796… is the deviation of the truncated normal).
 */
export function truncatedNormal(out: Float32Array, std: number, random: Random): void {
  const scale = std / 0.8796256610342398
  for (let i = 0; i < out.length; i++) {
    let value = random.normal()
    while (Math.abs(value) > 2) value = random.normal()
    out[i] = value * scale
  }
}
