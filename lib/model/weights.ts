import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { headSize, type ModelShape, swigluInner, totalTokens } from './shape.js'

/** Trained tensors by their published names (`L_level.layers.0.mlp.down_proj.weight`, …). */
export type Weights = Readonly<Record<string, tf.Tensor>>

/** A tensor's numbers outside any backend. */
export interface HostTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** How a weight starts: its shape and the standard deviation of its truncated normal (0: zeros), or a constant. */
interface WeightSpec {
  readonly shape: readonly number[]
  readonly std: number
  readonly constant?: number
}

/**
 * A model: what is trained by gradient, what is fixed, and the puzzle embedding, whose table stays outside the
 * graph so that a step touches only its batch's rows.
 */
export interface Model {
  readonly shape: ModelShape
  /** Trained by the optimiser; replaced by {@link replaceWeights}. */
  weights: Weights
  /** `H_init` and `L_init`, `[D]`: the state every row starts from; not trained. */
  readonly init: { readonly y: tf.Tensor1D; readonly z: tf.Tensor1D }
  /** `puzzle_emb.weights`, `[identifiers, puzzleDim]`; empty without a puzzle embedding. */
  readonly puzzleTable: Float32Array
}

/** Name of the table in checkpoints. */
export const PUZZLE_TABLE = 'puzzle_emb.weights'

/** Every weight of a TRM in a fixed order; the puzzle embedding and the initial states are not among them. */
export function weightSpecs(shape: ModelShape): ReadonlyMap<string, WeightSpec> {
  const D = shape.hidden
  const L = totalTokens(shape)
  const linear = (out: number, inp: number): WeightSpec => ({ shape: [out, inp], std: 1 / Math.sqrt(inp) })
  const specs = new Map<string, WeightSpec>()
  specs.set('embed_tokens.embedding_weight', { shape: [shape.vocabSize, D], std: 1 / Math.sqrt(D) })
  if (shape.positions === 'learned') specs.set('embed_pos.embedding_weight', { shape: [L, D], std: 1 / Math.sqrt(D) })
  for (let i = 0; i < shape.layers; i++) {
    const at = `L_level.layers.${i}`
    if (shape.mixer === 'attention') {
      const width = shape.heads * headSize(shape)
      specs.set(`${at}.self_attn.qkv_proj.weight`, linear(3 * width, D))
      specs.set(`${at}.self_attn.o_proj.weight`, linear(D, width))
    } else {
      const inner = swigluInner(L, shape.expansion)
      specs.set(`${at}.mlp_t.gate_up_proj.weight`, linear(2 * inner, L))
      specs.set(`${at}.mlp_t.down_proj.weight`, linear(L, inner))
    }
    const inner = swigluInner(D, shape.expansion)
    specs.set(`${at}.mlp.gate_up_proj.weight`, linear(2 * inner, D))
    specs.set(`${at}.mlp.down_proj.weight`, linear(D, inner))
  }
  specs.set('lm_head.weight', linear(shape.vocabSize, D))
  specs.set('q_head.weight', { shape: [2, D], std: 0 })
  specs.set('q_head.bias', { shape: [2], std: 0, constant: -5 })
  return specs
}

/** How many numbers are trained, the puzzle embedding included. */
export function countParameters(shape: ModelShape): number {
  let count = shape.puzzleIdentifiers * shape.puzzleDim
  for (const spec of weightSpecs(shape).values()) count += spec.shape.reduce((a, b) => a * b, 1)
  return count
}

/**
 * Fresh weights: a pure function of (shape, seed), each tensor from a stream of its own, so that two models which
 * share a tensor's name and shape start it alike.
 */
export function initialTensors(shape: ModelShape, seed: number): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>()
  for (const [name, spec] of weightSpecs(shape)) {
    const data = new Float32Array(spec.shape.reduce((a, b) => a * b, 1))
    if (spec.constant !== undefined) data.fill(spec.constant)
    else if (spec.std > 0) truncatedNormal(data, spec.std, Random.of(seed, 'init', name))
    tensors.set(name, { shape: spec.shape, data })
  }
  for (const name of ['H_init', 'L_init']) {
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

/** Fresh model of a seed. The caller disposes it with {@link disposeModel}. */
export function createModel(shape: ModelShape, seed: number): Model {
  return modelFromTensors(shape, initialTensors(shape, seed))
}

/**
 * A model out of named tensors, as a checkpoint holds them.
 *
 * @throws UserError naming the first tensor that is missing or has another shape.
 */
export function modelFromTensors(shape: ModelShape, tensors: ReadonlyMap<string, HostTensor>): Model {
  const take = (name: string, expected: readonly number[]): HostTensor => {
    const tensor = tensors.get(name)
    if (!tensor || tensor.shape.join() !== expected.join())
      throw new UserError({
        where: `tensor ${name}`,
        expected: `shape [${expected.join(', ')}]`,
        found: tensor ? `[${tensor.shape.join(', ')}]` : 'no such tensor',
        todo: 'The weights belong to a model of another configuration.',
      })
    return tensor
  }
  const weights: Record<string, tf.Tensor> = {}
  const table =
    shape.puzzleDim > 0
      ? take(PUZZLE_TABLE, [shape.puzzleIdentifiers, shape.puzzleDim]).data.slice()
      : new Float32Array(0)
  const specs = [...weightSpecs(shape)].map(([name, spec]) => [name, take(name, spec.shape)] as const)
  const y = take('H_init', [shape.hidden]).data
  const z = take('L_init', [shape.hidden]).data
  for (const [name, tensor] of specs) weights[name] = tf.tensor(tensor.data, [...tensor.shape])
  return { shape, weights, init: { y: tf.tensor1d(y), z: tf.tensor1d(z) }, puzzleTable: table }
}

/** All named tensors of a model, read back from the backend; `weights` other than its own, e.g. the EMA, may be given. */
export function modelTensors(model: Model, weights: Weights = model.weights): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>()
  for (const [name, tensor] of Object.entries(weights)) tensors.set(name, hostTensor(tensor))
  tensors.set('H_init', hostTensor(model.init.y))
  tensors.set('L_init', hostTensor(model.init.z))
  if (model.shape.puzzleDim > 0)
    tensors.set(PUZZLE_TABLE, {
      shape: [model.shape.puzzleIdentifiers, model.shape.puzzleDim],
      data: model.puzzleTable.slice(),
    })
  return tensors
}

/** Reads a float tensor back. */
export function hostTensor(tensor: tf.Tensor): HostTensor {
  return { shape: [...tensor.shape], data: Float32Array.from(tensor.dataSync()) }
}

/** Puts new weights in the place of the old, which are freed. */
export function replaceWeights(model: Model, weights: Weights): void {
  tf.dispose(Object.values(model.weights))
  model.weights = weights
}

/** Frees everything a model holds on the backend. */
export function disposeModel(model: Model): void {
  tf.dispose([...Object.values(model.weights), model.init.y, model.init.z])
}

/**
 * Fills with a standard normal cut to [-2, 2] and rescaled so that the result's standard deviation is `std`
 * (the JAX/Flax definition: 0.8796… is the deviation of the cut normal).
 */
export function truncatedNormal(out: Float32Array, std: number, random: Random): void {
  const scale = std / 0.8796256610342398
  for (let i = 0; i < out.length; i++) {
    let value = random.normal()
    while (Math.abs(value) > 2) value = random.normal()
    out[i] = value * scale
  }
}
