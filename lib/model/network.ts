import * as tf from '@tensorflow/tfjs-core'
import { block } from './block.js'
import { direct } from './direct.js'
import { fusedRecursion, fusedRecursionWithGradient } from './fused.js'
import type { FusedWeights } from './fused-weights.js'
import { hrm } from './hrm.js'
import {
  type Net,
  type Networks,
  type Recursion,
  recurse,
  recurseWithoutGradient,
  type State,
  type Update,
} from './recursion.js'
import { modelRope } from './rope.js'
import { type ModelShape, stacks } from './shape.js'
import { tidy } from './tidy.js'
import { trm } from './trm.js'
import { trmMulti } from './trm-multi.js'
import { trmSingle } from './trm-single.js'
import type { Weights } from './weights.js'

/** The updates that make up a supervision step of the model. */
export function recursionOf({ model, latents, gradient, T, n }: ModelShape): Recursion {
  if (model === 'direct') return direct
  if (model === 'hrm') return hrm(T, n)
  const variant = { two: trm, single: trmSingle, multi: trmMulti }[latents]
  return variant(T, n, gradient)
}

/** The model's stacks of blocks as plain operations; the one there is serves both uses where networks are shared. */
export function networks(weights: Weights, shape: ModelShape): Networks {
  const rope = modelRope(shape)
  const compute = (h: tf.Tensor3D, at: string): tf.Tensor3D => block(h, weights, at, shape, rope)
  const nets = stacks(shape).map(({ name, layers }) => stackOfBlocks(name, layers, compute))
  return { net: nets.at(-1)!, netY: nets.at(0)!, plus: (a, b) => tf.add(a, b) }
}

/** What the updates of a model's recursion compute with. */
export interface Networked {
  readonly weights: Weights
  readonly shape: ModelShape
  /** The weights prepared for the fused kernels; null: plain operations. */
  readonly fused: FusedWeights | null
}

/**
 * Makes updates. Where tfjs takes a gradient it is that of x and the weights, out of that of the answer
 * (`latentNames(shape)[0]`); with the kernels the other latents are constants for it.
 *
 * @param x `[B, L, D]`
 * @param start kept; a latent that no update changes is the same tensor in the end
 */
export function refine(
  { weights, shape, fused }: Networked,
  updates: readonly Update[],
  x: tf.Tensor3D,
  start: State,
): State {
  return fused
    ? fusedRecursionWithGradient(fused, shape, updates, x, start)
    : recurse(updates, networks(weights, shape), x, start)
}

/** The same where no gradient is wanted: only the latents in the end are left. */
export function refineWithoutGradient(
  { weights, shape, fused }: Networked,
  updates: readonly Update[],
  x: tf.Tensor3D,
  start: State,
): State {
  if (updates.length === 0) return start
  return tidy(() =>
    fused
      ? fusedRecursion(fused, shape, updates, x, start)
      : recurseWithoutGradient(updates, networks(weights, shape), x, start),
  )
}

/** net(a, b, c) = blocks(a + (b + c)). */
function stackOfBlocks(name: string, layers: number, compute: (h: tf.Tensor3D, at: string) => tf.Tensor3D): Net {
  return (a, b, c) => {
    const rest = b && c ? tf.add(b, c) : b
    let h: tf.Tensor3D = rest ? tf.add(a, rest) : tf.clone(a)
    for (let i = 0; i < layers; i++) {
      const before = h
      // Frees what a block computes on its way; what its gradient needs is kept by the tape.
      h = tidy(() => compute(before, `${name}.layers.${i}`))
      before.dispose()
    }
    return h
  }
}
