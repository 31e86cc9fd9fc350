import * as tf from '@tensorflow/tfjs-core'
import { block } from './block.js'
import { direct } from './direct.js'
import { fusedNet, fusedSum } from './fused.js'
import type { FusedWeights } from './fused-weights.js'
import { hrm } from './hrm.js'
import type { Net, Networks, Recursion } from './recursion.js'
import { type RotaryTable, rotaryTable } from './rope.js'
import { headSize, type ModelShape, stacks, totalTokens } from './shape.js'
import type { Tape } from './tape.js'
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

/** How the blocks are computed; by default as plain operations, recorded for a gradient where one is being taken. */
export interface NetworkOptions {
  /** Weights prepared for the fused kernels, which then compute the blocks; null: plain operations. */
  readonly fused?: FusedWeights | null
  /** Where the fused kernels record what a gradient needs; null: none is taken. */
  readonly tape?: Tape | null
}

/** The model's stacks of blocks as functions; the one there is serves both uses where networks are shared. */
export function networks(weights: Weights, shape: ModelShape, options: NetworkOptions = {}): Networks {
  const rope = modelRope(shape)
  const { fused = null, tape = null } = options
  const compute = (h: tf.Tensor3D, at: string): tf.Tensor3D => block(h, weights, at, shape, rope)
  const nets = stacks(shape).map(({ name, layers }) =>
    fused ? fusedNet(fused, name, layers, shape, rope, tape) : stackOfBlocks(name, layers, compute),
  )
  return { H: nets.at(0)!, L: nets.at(-1)!, plus: fused ? fusedSum(tape) : (a, b) => tf.add(a, b) }
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

/** Cosines and sines, where the model rotates its queries and keys. */
function modelRope(shape: ModelShape): RotaryTable | null {
  return shape.mixer === 'attention' && shape.positions === 'rope'
    ? rotaryTable(totalTokens(shape), headSize(shape))
    : null
}
