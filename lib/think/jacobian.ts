import * as tf from '@tensorflow/tfjs-core'
import type { Model } from '../model/model.js'
import { networks } from '../model/network.js'
import { programsOf, recurse, type State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import { difference, moved, rowNorms, unit } from './latents.js'

/**
 * The Jacobian J = ∂F/∂s of one supervision step at a state s, all latents together: F with every update, none detached, in
 * float32 by plain operations. The rows of a batch do not mix, so each has a Jacobian of its own.
 */
export interface Jacobian {
  /** Returns Jᵀu by the gradient of ⟨F(s), u⟩. The caller frees it. */
  transposed(u: State): State
  /**
   * Returns J v of unit directions v by central differences of 2 · 1e-4 · ‖s‖; tfjs has no forward derivative, and the
   * gradient of a gradient is wrong for these networks. The caller frees it.
   */
  times(v: State): State
}

/** Half the distance of a central difference as a share of ‖s‖. */
const HALF = 1e-4

/** @param x `[B, L, D]` the input of the recursion, as `model.embed` returns it. */
export function jacobianAt(model: Pick<Model, 'weights' | 'shape'>, x: tf.Tensor3D, state: State): Jacobian {
  const { weights, shape } = model
  const names = Object.keys(state)
  const step = (start: State): State => recurse(programsOf(shape).all, networks(weights, shape), x, start)
  return {
    transposed: (u) =>
      tidy(() => {
        const gradients = tf.grads((...latents: tf.Tensor[]) => {
          const after = step(Object.fromEntries(names.map((name, i) => [name, latents[i] as tf.Tensor3D])))
          // tfjs refuses a latent that the step does not read; its gradient is zero.
          const read = latents.map((latent) => tf.mul(tf.sum(latent), 0))
          return tf.addN([...names.map((name) => tf.sum(tf.mul(after[name]!, u[name]!))), ...read]) as tf.Scalar
        })(names.map((name) => state[name]!))
        return Object.fromEntries(names.map((name, i) => [name, gradients[i] as tf.Tensor3D]))
      }),
    times: (v) =>
      tidy(() => {
        const half = tf.mul(rowNorms(state), HALF) as tf.Tensor1D
        const change = difference(step(moved(state, v, half)), step(moved(state, v, tf.neg(half))))
        const width = tf.reshape(tf.mul(half, 2), [-1, 1, 1])
        return Object.fromEntries(names.map((name) => [name, tf.div(change[name]!, width) as tf.Tensor3D]))
      }),
  }
}

/**
 * Returns the largest singular value of each row's Jacobian, `[B]`, a lower bound that `iterations` of the power method on
 * JᵀJ raise ("When recursive models finish computing", 2026, takes 10).
 *
 * @param start the first direction; its rows are not zero
 */
export function largestStretch(jacobian: Jacobian, start: State, iterations = 10): Float32Array {
  return tidy(() => {
    let v = unit(start)
    for (let i = 0; i < iterations; i++) {
      const before = v
      v = tidy(() => unit(jacobian.transposed(jacobian.times(before))))
      tf.dispose(Object.values(before))
    }
    return rowNorms(jacobian.times(v)).dataSync<'float32'>().slice()
  })
}
