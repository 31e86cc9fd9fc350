import type * as tf from '@tensorflow/tfjs-core'
import type { State } from '../model/recursion.js'
import { addNoise } from './add-noise.js'
import { type StreamKey, subStream } from './noise.js'
import { standardNormal, truncatedNormal } from './normal.js'

/** Purposes of a rollout's random numbers. */
const [INIT, STEP_NOISE, CALL_NOISE] = [0, 1, 2]

/** The place of a row in its random numbers: the stream of its rollout, and the supervision steps that it has taken. */
export interface RowStream {
  readonly stream: StreamKey
  readonly step: number
}

/**
 * Returns random initial latents of every row (EqR, arXiv 2605.21488).
 *
 * @param zeros `[R, L, D]`
 */
export function randomLatents(
  names: readonly string[],
  zeros: tf.Tensor3D,
  streams: readonly StreamKey[],
  std: number,
): State {
  const drawn = (latent: number): tf.Tensor3D => {
    const keys = streams.map((stream) => subStream(stream, INIT, latent))
    return addNoise(zeros, keys, truncatedNormal(), std)
  }
  return Object.fromEntries(names.map((name, latent) => [name, drawn(latent)]))
}

/**
 * Returns latents with the noise of a supervision step (PTRM, arXiv 2605.19943); those without noise are the same tensors.
 *
 * @param names all latents of the model, in its order
 * @param noisy the latents that noise is added to
 */
export function plusStepNoise(
  state: State,
  names: readonly string[],
  noisy: readonly string[],
  rows: readonly RowStream[],
  noise: number,
): State {
  return mapState(state, (latent, name) =>
    noisy.includes(name) ? plusNoise(latent, rows, STEP_NOISE, names.indexOf(name), noise) : latent,
  )
}

/** Returns the result of a network call with its noise (EqR). @param call counted from 0 in the supervision step */
export function plusCallNoise(made: tf.Tensor3D, call: number, rows: readonly RowStream[], noise: number): tf.Tensor3D {
  return plusNoise(made, rows, CALL_NOISE, call, noise)
}

function plusNoise(
  latent: tf.Tensor3D,
  rows: readonly RowStream[],
  purpose: number,
  part: number,
  noise: number,
): tf.Tensor3D {
  const keys = rows.map(({ stream, step }) => subStream(stream, purpose, step, part))
  return addNoise(latent, keys, standardNormal(), noise)
}

/** Returns latents that are each computed from one. */
export function mapState(state: State, change: (latent: tf.Tensor3D, name: string) => tf.Tensor3D): State {
  return Object.fromEntries(Object.entries(state).map(([name, latent]) => [name, change(latent, name)]))
}
