import type * as tf from '@tensorflow/tfjs-core'
import { type Networked, networks, refineWithoutGradient } from '../model/network.js'
import { type Net, recurseWithoutGradient, type State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import type { Program } from '../recursion/program.js'

/**
 * Returns the latents after a program's assignments, with the result of every call of a network changed: by noise, or by
 * damping towards the latent that it replaces (EqR, arXiv 2605.21488). The fused kernels compute each call by itself.
 *
 * @param change returns the changed result of a call, `[B, L, D]`, from the result and the call's first addend, which is the
 * latent that it replaces; calls are numbered from 0
 */
export function refineByCall(
  networked: Networked,
  program: Program,
  x: tf.Tensor3D,
  start: State,
  change: (call: number, made: tf.Tensor3D, replaced: tf.Tensor3D) => tf.Tensor3D,
): State {
  let call = 0
  const through =
    (net: 'net' | 'netY'): Net =>
    (...addends) =>
      tidy(() => change(call++, called(networked, net, addends), addends[0]))
  const { plus } = networks(networked.weights, networked.shape)
  return tidy(() => recurseWithoutGradient(program, { net: through('net'), netY: through('netY'), plus }, x, start))
}

/** Returns the result of one call of a network. */
function called(networked: Networked, net: 'net' | 'netY', addends: readonly (tf.Tensor3D | undefined)[]): tf.Tensor3D {
  const given = addends.filter((addend) => addend !== undefined)
  const latents = given.map((_, i) => `addend ${i}`)
  const numbers = latents.map((_, i) => 1 + i)
  const [into] = latents as [string]
  const ends = Object.fromEntries(latents.map((name, i) => [name, numbers[i]!]))
  const program = { latents, assignments: [{ net, addends: numbers }], ends: { ...ends, [into]: 1 + latents.length } }
  const start = Object.fromEntries(latents.map((name, i) => [name, given[i]!]))
  return refineWithoutGradient(networked, program, given[0]!, start)[into]!
}
