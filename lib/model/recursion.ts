import * as tf from '@tensorflow/tfjs-core'
import { withGradient } from './ops.js'
import type { Tape } from './tape.js'
import { tidy } from './tidy.js'

/** The latents by their published names, each `[B, L, D]`: `z_H` is the paper's y, `z_L` its z. */
export type State = Readonly<Record<string, tf.Tensor3D>>

/** net(a, b, c): a stack of blocks on a + (b + c), or on those that are given. */
export type Net = (a: tf.Tensor3D, b?: tf.Tensor3D, c?: tf.Tensor3D) => tf.Tensor3D

/** The network for z and the one for y; one and the same where they are shared. */
export interface Networks {
  readonly L: Net
  readonly H: Net
  /** a + b of hidden states. */
  readonly plus: (a: tf.Tensor3D, b: tf.Tensor3D) => tf.Tensor3D
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

/** Makes the updates one after the other. */
export function recurse(updates: readonly Update[], nets: Networks, x: tf.Tensor3D, start: State): State {
  let state = start
  for (const update of updates) state = { ...state, ...update(nets, x, state) }
  return state
}

/**
 * The same where networks record on a tape, as one operation for tfjs: the gradient of x out of that of one latent. The
 * others it takes for constants. The tape is empty once the gradient is known.
 *
 * @param answer the latent that is differentiated
 */
export function recurseOnTape(
  updates: readonly Update[],
  nets: Networks,
  tape: Tape,
  x: tf.Tensor3D,
  start: State,
  answer: string,
): State {
  const others: Record<string, tf.Tensor3D> = {}
  const value = withGradient(
    (_save, x) => {
      // tfjs frees x before the way back, and the tape what was recorded while on it: both need handles of their own.
      const own = tf.clone(x!) as tf.Tensor3D
      tape.record({ inputs: [x!], output: own, kept: [], gradient: (dy) => tf.clone(dy) })
      const end = recurse(updates, nets, own, start)
      for (const [name, latent] of Object.entries(end)) if (name !== answer) others[name] = tf.keep(tf.clone(latent))
      return {
        value: tf.clone(end[answer]!),
        gradFunc: (dy) => [tape.backward(end[answer]!, dy, x!)],
      }
    },
    [x],
  ) as tf.Tensor3D
  // In the order of the latents.
  return { ...start, ...others, [answer]: value }
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
