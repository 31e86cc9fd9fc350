import * as tf from '@tensorflow/tfjs-core'
import { block } from './block.js'
import { direct } from './direct.js'
import { hrm } from './hrm.js'
import type { Net, Networks, Recursion } from './recursion.js'
import { type RotaryTable, rotaryTable } from './rope.js'
import { headSize, type ModelShape, stacks, totalTokens } from './shape.js'
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

/** The model's stacks of blocks as functions; the one there is serves both uses where networks are shared. */
export function networks(weights: Weights, shape: ModelShape): Networks {
  const rope = modelRope(shape)
  const nets = stacks(shape).map(({ name, layers }) => stackOfBlocks(weights, shape, name, layers, rope))
  return { H: nets.at(0)!, L: nets.at(-1)! }
}

/** net(a, b) = blocks(a + b). */
function stackOfBlocks(
  weights: Weights,
  shape: ModelShape,
  name: string,
  layers: number,
  rope: RotaryTable | null,
): Net {
  return (a, b) => {
    let h: tf.Tensor3D = b ? tf.add(a, b) : tf.clone(a)
    for (let i = 0; i < layers; i++) {
      const before = h
      // Frees what a block computes on its way; what its gradient needs is kept by the tape.
      h = tidy(() => block(before, weights, `${name}.layers.${i}`, shape, rope))
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
