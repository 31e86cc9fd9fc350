import type * as tf from '@tensorflow/tfjs-core'
import { tidy } from './tidy.js'

/** The latents by their names in the paper, each `[B, L, D]`: the answer y, the latent z, or z1 to zn. */
export type State<Hidden = tf.Tensor3D> = Readonly<Record<string, Hidden>>

/** net(a, b, c): a stack of blocks on a + (b + c), or on those that are given. */
export type Net<Hidden = tf.Tensor3D> = (a: Hidden, b?: Hidden, c?: Hidden) => Hidden

/** What an update computes with. */
export interface Networks<Hidden = tf.Tensor3D> {
  /** The network, f_L of two. */
  readonly net: Net<Hidden>
  /** The network for y where it has its own, f_H; else the same as `net`. */
  readonly netY: Net<Hidden>
  /** a + b of hidden states. */
  readonly plus: (a: Hidden, b: Hidden) => Hidden
}

/** One assignment of the pseudocode, e.g. z ← net(z, y + x), on whatever hidden states are: the latents it changes. */
export type Update = <Hidden>(nets: Networks<Hidden>, x: Hidden, state: State<Hidden>) => State<Hidden>

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
export function recurse<Hidden>(
  updates: readonly Update[],
  nets: Networks<Hidden>,
  x: Hidden,
  start: State<Hidden>,
): State<Hidden> {
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

/** A hidden state that is made of others. */
export interface Assignment {
  readonly net: keyof Networks
  /** Numbers of what is summed. */
  readonly addends: readonly number[]
}

/** Updates as a list of assignments. Hidden states are numbered: x, the latents at the start, then one for each assignment. */
export interface Program {
  readonly assignments: readonly Assignment[]
  /** The number of each latent in the end. */
  readonly ends: State<number>
}

/** What the updates compute out of x and these latents, without computing it. */
export function programOf(updates: readonly Update[], latents: readonly string[]): Program {
  const assignments: Assignment[] = []
  const made =
    (net: keyof Networks) =>
    (...addends: (number | undefined)[]): number => {
      assignments.push({ net, addends: addends.filter((addend) => addend !== undefined) })
      return latents.length + assignments.length
    }
  const start = Object.fromEntries(latents.map((name, i) => [name, i + 1]))
  const ends = recurse(updates, { net: made('net'), netY: made('netY'), plus: made('plus') }, 0, start)
  return { assignments, ends }
}
