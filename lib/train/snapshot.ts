import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Spent } from '../backend/spent.js'
import type { SamplerState } from '../data/sampler.js'
import { UserError } from '../errors.js'
import type { Carry } from '../model/carry.js'
import { type Model, modelFromTensors, modelTensors } from '../model/model.js'
import type { State } from '../model/recursion.js'
import { latentNames, type ModelShape, publishedLatent } from '../model/shape.js'
import { type HostTensor, hostTensor, trainedNames, type Weights } from '../model/weights.js'
import { Random } from '../random.js'
import type { TrainingState } from './step.js'

/** The part of a training state without tensors. */
const snapshotState = z.strictObject({
  step: z.int().min(0),
  updates: z.int().min(0),
  skipped: z.strictObject({ total: z.int().min(0), inARow: z.int().min(0) }),
  exploration: z.array(z.int()).length(4),
  sampler: z.strictObject({ epoch: z.int().min(0), index: z.int().min(0) }),
  /** Time and energy of training so far. */
  spent: z.strictObject({
    seconds: z.number().min(0),
    cpuSeconds: z.number().min(0),
    joules: z.number().min(0).nullable(),
  }),
})

/** A training state outside the backend, the content of a checkpoint file. */
export interface Snapshot {
  readonly tensors: ReadonlyMap<string, HostTensor>
  readonly state: z.infer<typeof snapshotState>
}

/** Prefixes of tensors that are not weights. */
export const EMA = 'ema/'
export const FIRST_MOMENT = 'adam.m/'
export const SECOND_MOMENT = 'adam.v/'

/**
 * Returns the full state: weights, EMA, moments, carry with its puzzles, generators, position in the data. The puzzle
 * embedding is not copied: write the snapshot before the next step.
 */
export function takeSnapshot(state: TrainingState, sampler: SamplerState, spent: Spent): Snapshot {
  const tensors = modelTensors(state.model)
  const put = (prefix: string, weights: Weights): void => {
    for (const [name, tensor] of Object.entries(weights)) tensors.set(prefix + name, hostTensor(tensor))
  }
  if (state.ema) put(EMA, state.ema)
  put(FIRST_MOMENT, state.optimizer.m)
  put(SECOND_MOMENT, state.optimizer.v)
  const { carry } = state
  const { size, seqLen } = carry.batch
  for (const [latent, tensor] of Object.entries(carry.state))
    tensors.set(`carry/${publishedLatent(latent)}`, hostTensor(tensor))
  // Tokens and supervision steps are small whole numbers, which float32 holds exactly.
  const numbers = (name: string, shape: number[], data: ArrayLike<number>): void => {
    tensors.set(`carry/${name}`, { shape, data: Float32Array.from(data) })
  }
  numbers('supervision_steps', [size], carry.supervisionSteps)
  numbers('halted', [size], carry.halted)
  numbers('inputs', [size, seqLen], carry.batch.inputs)
  numbers('labels', [size, seqLen], carry.batch.labels)
  // Others have up to 31 bits and float32 holds 24: store the upper halves, then the lower.
  const halves = (name: string, data: Int32Array): void =>
    numbers(name, [2, size], [...data.map((n) => n >> 16), ...data.map((n) => n & 0xffff)])
  halves('puzzle_identifiers', carry.batch.puzzleIds)
  halves('rows', carry.batch.rows)
  halves('versions', carry.batch.versions)
  return {
    tensors,
    state: {
      step: state.step,
      updates: state.optimizer.t,
      skipped: { ...state.skipped },
      exploration: state.exploration.state(),
      sampler: { ...sampler },
      spent: { ...spent },
    },
  }
}

/**
 * Restores the training state of a snapshot bit for bit. It keeps the snapshot's array of the puzzle embedding.
 *
 * @throws UserError if the snapshot is of a model of another shape.
 */
export function restoreSnapshot(
  shape: ModelShape,
  tensors: ReadonlyMap<string, HostTensor>,
  state: unknown,
): {
  state: TrainingState
  sampler: SamplerState
  spent: Spent
} {
  const parsed = snapshotState.safeParse(state)
  if (!parsed.success)
    throw new UserError({
      where: 'checkpoint',
      expected: 'the state of a training run',
      found: `${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`,
    })
  const model: Model = modelFromTensors(shape, tensors)
  const stored = (prefix: string, names: readonly string[]): Weights =>
    Object.fromEntries(names.map((name) => [name, toTensor(take(tensors, prefix + name))]))
  const all = Object.keys(model.weights)
  const trained = trainedNames(shape)
  const carried = (name: string): HostTensor => take(tensors, `carry/${name}`)
  const [size, seqLen] = carried('inputs').shape as [number, number]
  const carry: Carry = {
    state: Object.fromEntries(
      latentNames(shape).map((latent) => [latent, toTensor(carried(publishedLatent(latent)))]),
    ) as State,
    supervisionSteps: Int32Array.from(carried('supervision_steps').data),
    halted: Uint8Array.from(carried('halted').data),
    batch: {
      size,
      seqLen,
      inputs: Int32Array.from(carried('inputs').data),
      labels: Int32Array.from(carried('labels').data),
      puzzleIds: wholeNumbers(carried('puzzle_identifiers').data),
      rows: wholeNumbers(carried('rows').data),
      versions: wholeNumbers(carried('versions').data),
    },
  }
  return {
    state: {
      model,
      optimizer: { m: stored(FIRST_MOMENT, trained), v: stored(SECOND_MOMENT, trained), t: parsed.data.updates },
      ema: tensors.has(EMA + all[0]) ? stored(EMA, all) : null,
      carry,
      step: parsed.data.step,
      skipped: parsed.data.skipped,
      exploration: Random.fromState(parsed.data.exploration),
    },
    sampler: parsed.data.sampler,
    spent: parsed.data.spent,
  }
}

/** Returns numbers from their upper and lower 16 bits. */
function wholeNumbers(halves: Float32Array): Int32Array {
  const size = halves.length / 2
  return Int32Array.from({ length: size }, (_, row) => halves[row]! * 0x10000 + halves[size + row]!)
}

function take(tensors: ReadonlyMap<string, HostTensor>, name: string): HostTensor {
  const tensor = tensors.get(name)
  if (!tensor) throw new UserError({ where: 'checkpoint', expected: `the tensor ${name}`, found: 'no such tensor' })
  return tensor
}

function toTensor({ shape, data }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape])
}
