import type * as tf from '@tensorflow/tfjs-core'
import type { Recursion } from '../recursion/data.js'
import { direct } from '../recursion/direct.js'
import { hrm } from '../recursion/hrm.js'
import { type Program, programOf } from '../recursion/program.js'
import { trm, trmMulti, trmSingle } from '../recursion/trm.js'
import type * as symbolic from '../recursion/update.js'
import type { ModelShape } from './shape.js'
import { tidy } from './tidy.js'

/** The latents by the paper's names, each `[B, L, D]`: the answer y, the latent z, or z1 to zn, or others. */
export type State = Readonly<Record<string, tf.Tensor3D>>

/** net(a, b, c): a stack of blocks applied to a + (b + c), `[B, L, D]` each; `b` and `c` may be omitted. */
export type Net = symbolic.Net<tf.Tensor3D>

/** The operations available to a recursion. */
export type Networks = symbolic.Networks<tf.Tensor3D>

/** The updates of a supervision step as assignments. */
export interface Programs {
  /** All updates. */
  readonly all: Program
  /** The updates computed as constants; empty if every update carries gradient. */
  readonly constant: Program
  /** The updates that carry gradient. */
  readonly recorded: Program
}

const recursions = new WeakMap<ModelShape, Recursion>()
const programs = new WeakMap<Recursion, Programs>()

/** Returns the recursion of a model's supervision step. */
export function recursionOf(shape: ModelShape): Recursion {
  const known = recursions.get(shape)
  if (known) return known
  const made = shape.recursion ?? publishedRecursion(shape)
  recursions.set(shape, made)
  return made
}

function publishedRecursion({ model, latents, gradient, T, n }: ModelShape): Recursion {
  if (model === 'direct') return direct
  if (model === 'hrm') return hrm(T, n)
  const variant = { two: trm, single: trmSingle, multi: trmMulti }[latents]
  return variant(T, n, gradient)
}

/** Returns the assignments of a model's supervision step. */
export function programsOf(shape: ModelShape): Programs {
  const recursion = recursionOf(shape)
  const known = programs.get(recursion)
  if (known) return known
  const constant = recursion.order.length - recursion.gradientUpdates
  const made = {
    all: programOf(recursion),
    constant: programOf(recursion, 0, constant),
    recorded: programOf(recursion, constant),
  }
  programs.set(recursion, made)
  return made
}

/** Computes the assignments in order. A latent without an assignment is returned as the same tensor. */
export function recurse(
  { latents, assignments, ends }: Program,
  networks: Networks,
  x: tf.Tensor3D,
  start: State,
): State {
  const states = [x, ...latents.map((name) => start[name]!)]
  for (const { net, addends } of assignments) {
    const [a, b, c] = addends.map((addend) => states[addend]!)
    states.push(networks[net](a!, b, c))
  }
  return Object.fromEntries(latents.map((name) => [name, states[ends[name]!]!]))
}

/** {@link recurse} without a gradient: each state is freed after its last use, except x and the given latents. */
export function recurseWithoutGradient(
  { latents, assignments, ends }: Program,
  networks: Networks,
  x: tf.Tensor3D,
  start: State,
): State {
  const states: tf.Tensor3D[] = [x, ...latents.map((name) => start[name]!)]
  const given = states.length
  const lastUses = new Map<number, number>()
  for (const [i, { addends }] of assignments.entries()) for (const addend of addends) lastUses.set(addend, i)
  const kept = new Set(Object.values(ends))
  for (const [i, { net, addends }] of assignments.entries()) {
    const [a, b, c] = addends.map((addend) => states[addend]!)
    states.push(tidy(() => networks[net](a!, b, c)))
    for (const state of new Set(addends))
      if (state >= given && lastUses.get(state) === i && !kept.has(state)) states[state]!.dispose()
  }
  return Object.fromEntries(latents.map((name) => [name, states[ends[name]!]!]))
}
