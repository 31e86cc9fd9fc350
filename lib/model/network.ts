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

/** The model's stacks of blocks as plain operations; where networks are shared, `net` and `netY` are one. */
export function networks(weights: Weights, shape: ModelShape): Networks {
  const rope = modelRope(shape)
  const compute = (h: tf.Tensor3D, at: string): tf.Tensor3D => block(h, weights, at, shape, rope)
  const nets = stacks(shape).map(({ name, layers }) => stackOfBlocks(name, layers, compute))
  return { net: nets.at(-1)!, netY: nets.at(0)!, plus: sum }
}

/** A model's weights, and how its recursion is computed. */
export interface Networked {
  readonly weights: Weights
  readonly shape: ModelShape
  /** The weights prepared for the fused kernels; null: plain operations. */
  readonly fused: FusedWeights | null
}

/**
 * The latents after the assignments of a program. Where tfjs takes a gradient it is that of x and the weights, out of that of the answer
 * (`latentNames(shape)[0]`); with the kernels the other latents are constants for it.
 *
 * @param x `[B, L, D]`
 * @param start kept; a latent that no assignment changes is the same tensor in the end
 */
export function refine({ weights, shape, fused }: Networked, program: Program, x: tf.Tensor3D, start: State): State {
  return fused
    ? fusedRecursionWithGradient(fused, shape, program, x, start)
    : recurse(program, networks(weights, shape), x, start)
}

/** {@link refine} where no gradient is wanted: of what is computed only the latents in the end are left. */
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

/** a + (b + c), or a copy of a alone. */
const sum: Net = (a, b, c) => {
  const rest = b && c ? tf.add(b, c) : b
  return rest ? tf.add(a, rest) : tf.clone(a)
}

/** net(a, b, c) = blocks(a + (b + c)). */
function stackOfBlocks(name: string, layers: number, compute: (h: tf.Tensor3D, at: string) => tf.Tensor3D): Net {
  return (a, b, c) => {
    let h = sum(a, b, c)
    for (let i = 0; i < layers; i++) {
      const before = h
      // Frees what a block computes on its way; what its gradient needs is kept by the tape.
      h = tidy(() => compute(before, `${name}.layers.${i}`))
      before.dispose()
    }
    return h
  }
}
