import * as tf from '@tensorflow/tfjs-core'
import { type Dtype, kernels } from '../backend/kernels.js'
import type { Batch } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { disposeCarry, emptyCarry, takeRows } from './carry.js'
import { embed, puzzleRows } from './embed.js'
import { expectShapes } from './expect-shape.js'
import { disposeFused, fuseWeights } from './fused-weights.js'
import { heads, type Outputs } from './heads.js'
import { networks, refineWithoutGradient } from './network.js'
import type { Networks, State } from './recursion.js'
import { initName, latentNames, type ModelShape, totalTokens } from './shape.js'
import { tidy } from './tidy.js'
import { type HostTensor, hostTensor, initialTensors, PUZZLE_TABLE, type Weights, weightSpecs } from './weights.js'

/**
 * The latents by the paper's names, each `[B, L, D]`: the answer `y`, and `z`, or `z1`, `z2`, … if there are several.
 */
export type Latents = { readonly [name in 'y' | 'z' | `z${number}`]: tf.Tensor3D }

/** The parts of a model. */
export interface ModelParts {
  readonly shape: ModelShape
  readonly weights: Weights
  readonly init: Readonly<Record<string, tf.Tensor1D>>
  readonly puzzleTable: Float32Array
  readonly dtype?: Dtype
  readonly task?: string | null
}

/**
 * A model: the trained weights, the fixed initial latents, and the puzzle embedding, whose table stays outside the graph so
 * that a step touches only its batch's rows.
 */
export class Model {
  readonly shape: ModelShape
  /** The type that the fused kernels compute the blocks in; default float32. Everything else is computed in float32. */
  readonly dtype: Dtype
  /** Task of the puzzles that the model was made for; null if unknown. */
  readonly task: string | null
  /** Weights trained by the optimiser, by published name; replaced by {@link replaceWeights}. */
  weights: Weights
  /** Initial value of every row's latents (`H_init`, `L_init`, …), `[D]` by latent; not trained. */
  init: Readonly<Record<string, tf.Tensor1D>>
  /**
   * `puzzle_emb.weights`, `[identifiers, puzzleDim]`; empty without a puzzle embedding. It can take gigabytes, so it is
   * never copied: the model keeps the array that it is constructed with, and changes it in place.
   */
  readonly puzzleTable: Float32Array

  constructor({ shape, weights, init, puzzleTable, dtype = 'float32', task = null }: ModelParts) {
    this.shape = shape
    this.dtype = dtype
    this.task = task
    this.weights = weights
    this.init = init
    this.puzzleTable = puzzleTable
  }

  /** Returns a model with some parts replaced; it shares the others with this one. */
  with(parts: Partial<ModelParts>): Model {
    const { shape, dtype, task, weights, init, puzzleTable } = this
    return new Model({ shape, dtype, task, weights, init, puzzleTable, ...parts })
  }

  /**
   * Returns the input x of the recursion, `[B, L, D]`; see the layer `embed`.
   *
   * @throws UserError if the batch has another length or vocabulary.
   */
  embed(batch: Batch): tf.Tensor3D {
    expectBatch(this.shape, batch)
    return tidy(() => {
      const inputs = tf.tensor2d(batch.inputs, [batch.size, batch.seqLen], 'int32')
      return embed(inputs, this.weights, this.shape, puzzleRows(this, batch.puzzleIds))
    })
  }

  /** Returns the initial latents of every row of a batch, by the paper's names, each `[B, L, D]`. */
  start(batch: Batch): State {
    expectBatch(this.shape, batch)
    const empty = emptyCarry(this, batch.size)
    const { state } = takeRows(empty, batch, this)
    disposeCarry(empty)
    return state as Latents
  }

  /**
   * Returns net(a, b, c) = blocks(a + (b + c)), `[B, L, D]`: one call of the network, or of the one for z if networks are
   * separate. Paper, figure 3 (`net`). The fused kernels compute it in {@link dtype}; while a gradient is taken, plain
   * float32 operations do.
   *
   * @param a `[B, L, D]`, as `b` and `c`
   * @throws UserError if a tensor has the wrong shape.
   */
  net(a: tf.Tensor, b?: tf.Tensor, c?: tf.Tensor): tf.Tensor3D {
    return this.#compute('net', a, b, c)
  }

  /** {@link net}, but with the network for y if networks are separate. */
  netY(a: tf.Tensor, b?: tf.Tensor, c?: tf.Tensor): tf.Tensor3D {
    return this.#compute('netY', a, b, c)
  }

  /**
   * Returns the outputs of the heads for an answer y; see the layer `heads`.
   *
   * @param y `[B, L, D]`
   * @throws UserError if it has the wrong shape.
   */
  heads(y: tf.Tensor): Outputs {
    expectShapes('model.heads', { y: [y, this.#hidden] })
    return tidy(() => heads(y, this.weights, this.shape))
  }

  /** Replaces the weights, initial latents and puzzle embedding by those of another model of the same shape. */
  takeOver({ weights, init, puzzleTable }: Model): void {
    this.dispose()
    this.weights = weights
    this.init = init
    this.puzzleTable.set(puzzleTable)
  }

  /** Frees everything the model holds on the backend. */
  dispose(): void {
    disposeModel(this)
  }

  get #hidden(): readonly (number | string)[] {
    return ['B', totalTokens(this.shape), this.shape.hidden]
  }

  #compute(which: keyof Pick<Networks, 'net' | 'netY'>, ...addends: readonly (tf.Tensor | undefined)[]): tf.Tensor3D {
    const given = addends.flatMap((addend, i) =>
      addend ? [['abc'[i]!, [addend, this.#hidden] as const] as const] : [],
    )
    expectShapes(`model.${which}`, {
      a: [addends[0], this.#hidden],
      ...Object.fromEntries(given),
    })
    const [a, b, c] = addends as [tf.Tensor3D, tf.Tensor3D?, tf.Tensor3D?]
    const { weights, shape } = this
    if (!kernels() || tf.engine().isTapeOn()) return tidy(() => networks(weights, shape)[which](a, b, c))
    return tidy(() => {
      const rest = b && c ? tf.add(b, c) : b
      const sum: tf.Tensor3D = rest ? tf.add(a, rest) : a
      const latents = latentNames(shape)
      const fused = fuseWeights(weights, shape, false, this.dtype)
      const start = Object.fromEntries(latents.map((name) => [name, sum]))
      const [into] = latents as [string]
      const made = refineWithoutGradient(
        { weights, shape, fused },
        {
          latents,
          assignments: [{ net: which, addends: [1] }],
          ends: Object.fromEntries(latents.map((name, i) => [name, name === into ? latents.length + 1 : i + 1])),
        },
        sum,
        start,
      )
      if (fused) disposeFused(fused)
      return made[into]!
    })
  }
}

/**
 * Checks that a model of this shape can read a batch.
 *
 * @throws UserError naming the length or token that does not fit.
 */
export function expectBatch({ seqLen, vocabSize }: ModelShape, batch: Batch): void {
  if (batch.seqLen !== seqLen)
    throw new UserError({
      where: 'batch',
      expected: `puzzles of ${seqLen} tokens, the model's length`,
      found: `${batch.seqLen} tokens`,
    })
  const token = batch.inputs.find((token) => token < 0 || token >= vocabSize)
  if (token !== undefined)
    throw new UserError({
      where: 'batch',
      expected: `tokens below ${vocabSize}, the model's vocabulary`,
      found: `token ${token}`,
    })
}

/** Returns a model with fresh weights, a pure function of shape and seed. The caller disposes it. */
export function initialModel(shape: ModelShape, seed: number): Model {
  return modelFromTensors(shape, initialTensors(shape, seed))
}

/**
 * Returns a model with the named tensors of a checkpoint. The model keeps the puzzle embedding's array, which training
 * changes in place; the other arrays are only read.
 *
 * @throws UserError naming the first tensor that is missing or has the wrong shape.
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
    shape.puzzleDim > 0 ? take(PUZZLE_TABLE, [shape.puzzleIdentifiers, shape.puzzleDim]).data : new Float32Array(0)
  const specs = [...weightSpecs(shape)].map(([name, spec]) => [name, take(name, spec.shape)] as const)
  const starts = latentNames(shape).map((latent) => [latent, take(initName(latent), [shape.hidden])] as const)
  for (const [name, tensor] of specs) weights[name] = tf.tensor(tensor.data, [...tensor.shape])
  const init = Object.fromEntries(starts.map(([latent, { data }]) => [latent, tf.tensor1d(data)]))
  return new Model({ shape, weights, init, puzzleTable: table })
}

/**
 * Returns all named tensors of a model, read back from the backend; `weights` may replace its own, e.g. with the EMA. The
 * puzzle embedding is the model's own array, not a copy: later training changes it.
 */
export function modelTensors(model: Model, weights: Weights = model.weights): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>()
  for (const [name, tensor] of Object.entries(weights)) tensors.set(name, hostTensor(tensor))
  for (const [latent, tensor] of Object.entries(model.init)) tensors.set(initName(latent), hostTensor(tensor))
  if (model.shape.puzzleDim > 0)
    tensors.set(PUZZLE_TABLE, {
      shape: [model.shape.puzzleIdentifiers, model.shape.puzzleDim],
      data: model.puzzleTable,
    })
  return tensors
}

/** Replaces weights by new ones of the same names, and frees the old. */
export function replaceWeights(model: Model, weights: Weights): void {
  tf.dispose(Object.keys(weights).map((name) => model.weights[name]!))
  model.weights = { ...model.weights, ...weights }
}

/** Frees everything a model holds on the backend. */
export function disposeModel(model: Model): void {
  tf.dispose([...Object.values(model.weights), ...Object.values(model.init)])
}
