import { setImmediate } from 'node:timers/promises'
import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { Interrupted } from '../errors.js'
import { beginEvaluation, type EvaluationState } from '../evaluate/states.js'
import type { Model } from '../model/model.js'
import { refineWithoutGradient } from '../model/network.js'
import type { State } from '../model/recursion.js'
import { latentNames, type ModelShape } from '../model/shape.js'
import { tidy } from '../model/tidy.js'
import type { Program } from '../recursion/program.js'
import { refineByCall } from './changed-calls.js'
import { type StreamKey, streamOf } from './noise.js'
import { noisyLatents } from './noisy-latents.js'
import { plusCallNoise, plusStepNoise, type RowStream, randomLatents } from './rollout-noise.js'
import type { RolloutSettings } from './settings.js'

/** How one puzzle is recorded. */
export interface InsideSettings
  extends Pick<RolloutSettings, 'depth' | 'rollouts' | 'noise' | 'target' | 'noiseAt' | 'init' | 'initStd' | 'seed'> {
  /** Split, example and version of the puzzle: with seed and rollout, the key of the random numbers, as in rollouts. */
  readonly puzzle: readonly [split: string, example: number, version: number]
  /** The rollout that is recorded update by update, from 0. */
  readonly watched: number
  /** Sources kept for each cell of a token map; 0: no maps. */
  readonly sources: number
}

/** Embeds a puzzle, and gives every rollout its initial latents. */
export function begin(
  model: Model,
  batch: Batch,
  { init, initStd }: InsideSettings,
  streams: readonly StreamKey[],
): EvaluationState {
  const begun = beginEvaluation(model, model.weights, batch)
  if (init === 'learned') return begun
  const names = latentNames(model.shape)
  const state = tidy(() => randomLatents(names, tf.zerosLike(begun.state[names[0]!]!), streams, initStd))
  tf.dispose(Object.values(begun.state))
  return { ...begun, state }
}

/** Adds a step's noise to the latents, and frees the tensors that they replace. @param step counted from 1 */
export function withNoise(
  now: EvaluationState,
  settings: InsideSettings,
  shape: ModelShape,
  streams: readonly StreamKey[],
  step: number,
): EvaluationState {
  const { noise, noiseAt } = settings
  if (noise === 0 || noiseAt === 'call') return now
  const noisy = noisyLatents(shape, settings)
  return replaced(now, plusStepNoise(now.state, latentNames(shape), noisy, rowsBefore(streams, step), noise))
}

/** Computes assignments of a step, with noise in each network call where the settings want it. @param call number of the first call */
export function refined(
  { weights, shape }: Pick<Model, 'weights' | 'shape'>,
  program: Program,
  { x, state, fused }: EvaluationState,
  { noise, noiseAt }: InsideSettings,
  streams: readonly StreamKey[],
  step: number,
  call: number,
): State {
  const networked = { weights, shape, fused }
  if (noise === 0 || noiseAt === 'step') return refineWithoutGradient(networked, program, x, state)
  const rows = rowsBefore(streams, step)
  return refineByCall(networked, program, x, state, (i, made) => plusCallNoise(made, call + i, rows, noise))
}

/** Returns rows that are about to take a supervision step, counted from 1. */
function rowsBefore(streams: readonly StreamKey[], step: number): RowStream[] {
  return streams.map((stream) => ({ stream, step: step - 1 }))
}

/** Returns the streams of random numbers of rollouts. */
export function streamsOf({ seed, puzzle }: InsideSettings, numbers: readonly number[]): StreamKey[] {
  return numbers.map((rollout) => streamOf(seed, 'rollout', ...puzzle, rollout))
}

/** Frees the latents that others replace. */
export function replaced(now: EvaluationState, next: State): EvaluationState {
  for (const [name, tensor] of Object.entries(now.state)) if (next[name] !== tensor) tensor.dispose()
  return { ...now, state: next }
}

/** Returns each row's latents, laid end to end. */
export function rowsOf(state: State, latents: readonly string[], size: number): Float32Array[] {
  const values = latents.map((name) => state[name]!.dataSync() as Float32Array)
  const each = values[0]!.length / size
  return Array.from({ length: size }, (_, row) => {
    const vector = new Float32Array(each * latents.length)
    for (const [i, all] of values.entries()) vector.set(all.subarray(row * each, (row + 1) * each), i * each)
    return vector
  })
}

/** Lets the notebook kernel receive a stop. */
export async function pause(signal: AbortSignal | undefined, step: number, depth: number): Promise<void> {
  await setImmediate()
  if (signal?.aborted) throw new Interrupted(`stopped at step ${step} of ${depth}`)
}
