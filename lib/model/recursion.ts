import * as tf from '@tensorflow/tfjs-core'
import { tidy } from './tidy.js'

/** The latents by their published names, each `[B, L, D]`: `z_H` is the paper's y, `z_L` its z. */
export type State = Readonly<Record<string, tf.Tensor3D>>

/** net(a, b): a stack of blocks on a + b; net(a): on a. */
export type Net = (a: tf.Tensor3D, b?: tf.Tensor3D) => tf.Tensor3D

/** The network for z and the one for y; one and the same where they are shared. */
export interface Networks {
  readonly L: Net
  readonly H: Net
}

/** One assignment of the pseudocode, e.g. z ← net(z, y + x): the latents it changes. */
export type Update = (nets: Networks, x: tf.Tensor3D, state: State) => State

/** A supervision step: its updates in order, of which only the last `withGradient` carry gradient. */
export interface Recursion {
  readonly updates: readonly Update[]
  readonly withGradient: number
}

/** `times` times the same updates. */
export function repeat(times: number, updates: readonly Update[]): Update[] {
  return Array.from({ length: times }, () => updates).flat()
}

/** a + b of hidden states. */
export function plus(a: tf.Tensor3D, b: tf.Tensor3D): tf.Tensor3D {
  return tf.add(a, b)
}

/** Makes the updates one after the other. */
export function recurse(updates: readonly Update[], nets: Networks, x: tf.Tensor3D, start: State): State {
  let state = start
  for (const update of updates) state = { ...state, ...update(nets, x, state) }
  return state
}

/** The same where no gradient is wanted: every state between is freed, the given one is kept. */
export function recurseWithoutGradient(
  updates: readonly Update[],
  nets: Networks,
  x: tf.Tensor3D,
  start: State,
): State {
  let state = start
  for (const update of updates) {
    const before = state
    const changed = tidy(() => update(nets, x, before))
    for (const name of Object.keys(changed)) if (before[name] !== start[name]) before[name]!.dispose()
    state = { ...before, ...changed }
  }
  return state
}
