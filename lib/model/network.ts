import * as tf from '@tensorflow/tfjs-core'
import type { Program } from '../recursion/program.js'
import { block } from './block.js'
import { fusedRecursion, fusedRecursionWithGradient } from './fused.js'
import type { FusedWeights } from './fused-weights.js'
import { type Net, type Networks, recurse, recurseWithoutGradient, type State } from './recursion.js'
import { modelRope } from './rope.js'
import { type ModelShape, stacks } from './shape.js'
import { tidy } from './tidy.js'
import type { Weights } from './weights.js'

/** Returns the model's stacks of blocks as plain operations; if networks are shared, `net` and `netY` are the same. */
export function networks(weights: Weights, shape: ModelShape): Networks {
  const rope = modelRope(shape)
  const compute = (h: tf.Tensor3D, at: string): tf.Tensor3D => block(h, weights, at, shape, rope)
  const nets = stacks(shape).map(({ name, layers }) => stackOfBlocks(name, layers, compute))
  return { net: nets.at(-1)!, netY: nets.at(0)!, plus: sum }
}

/** A model's weights, and the kernels that compute its recursion. */
export interface Networked {
  readonly weights: Weights
  readonly shape: ModelShape
  /** The weights packed for the fused kernels; null: plain operations. */
  readonly fused: FusedWeights | null
}

/**
 * Returns the latents after a program's assignments. When tfjs takes a gradient, it flows from the answer
 * (`latentNames(shape)[0]`) to x and the weights; with the fused kernels the other latents are constants for it.
 *
 * @param x `[B, L, D]`
 * @param start not freed; a latent without an assignment is returned as the same tensor
 */
export function refine({ weights, shape, fused }: Networked, program: Program, x: tf.Tensor3D, start: State): State {
  return fused
    ? fusedRecursionWithGradient(fused, shape, program, x, start)
    : recurse(program, networks(weights, shape), x, start)
}

/** {@link refine} without a gradient: only the final latents are kept in memory. */
export function refineWithoutGradient(
  { weights, shape, fused }: Networked,
  program: Program,
  x: tf.Tensor3D,
  start: State,
): State {
  if (program.assignments.length === 0) return start
  return tidy(() =>
    fused
      ? fusedRecursion(fused, shape, program, x, start)
      : recurseWithoutGradient(program, networks(weights, shape), x, start),
  )
}

/** Returns a + (b + c), or a copy of a alone. */
const sum: Net = (a, b, c) => {
  const rest = b && c ? tf.add(b, c) : b
  return rest ? tf.add(a, rest) : tf.clone(a)
}

/** Returns net(a, b, c) = blocks(a + (b + c)). */
function stackOfBlocks(name: string, layers: number, compute: (h: tf.Tensor3D, at: string) => tf.Tensor3D): Net {
  return (a, b, c) => {
    let h = sum(a, b, c)
    for (let i = 0; i < layers; i++) {
      const before = h
      // Frees the intermediate tensors of a block; the tape keeps those that its gradient needs.
      h = tidy(() => compute(before, `${name}.layers.${i}`))
      before.dispose()
    }
    return h
  }
}
