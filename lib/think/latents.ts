import * as tf from '@tensorflow/tfjs-core'
import type { State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import type { Random } from '../random.js'

/** Returns the norm of each row of a state, over all its latents together, `[B]`. */
export function rowNorms(state: State): tf.Tensor1D {
  return tidy(() => {
    const squares = Object.values(state).map((latent): tf.Tensor => tf.sum(tf.square(latent), [1, 2]))
    return tf.sqrt(tf.addN(squares)) as tf.Tensor1D
  })
}

/** Returns a copy that outlives the state. */
export function copied(state: State): State {
  return mapState(state, (latent) => tf.clone(latent))
}

/** Returns a − b, latent by latent. */
export function difference(a: State, b: State): State {
  return tidy(() => mapState(a, (latent, name) => tf.sub(latent, b[name]!)))
}

/** Returns state + size · direction, row by row. @param sizes `[B]` */
export function moved(state: State, direction: State, sizes: tf.Tensor1D): State {
  return tidy(() => {
    const size = tf.reshape(sizes, [-1, 1, 1])
    return mapState(state, (latent, name) => tf.add(latent, tf.mul(size, direction[name]!)))
  })
}

/** Returns a direction whose rows have norm 1; a row of zeros stays so. */
export function unit(direction: State): State {
  return tidy(() => {
    const norms = tf.reshape(rowNorms(direction), [-1, 1, 1])
    return mapState(direction, (latent) => tf.divNoNan(latent, norms))
  })
}

/** Returns normal numbers in the shape of a state; each row has a generator of its own, whatever the batch. */
export function normalLike(state: State, generators: readonly Random[]): State {
  const entries = Object.entries(state).map(([name, { shape }]) => {
    const [B, L, D] = shape
    const values = new Float32Array(B * L * D)
    for (const [row, random] of generators.entries())
      for (let i = row * L * D; i < (row + 1) * L * D; i++) values[i] = random.normal()
    return [name, tf.tensor3d(values, shape)] as const
  })
  return Object.fromEntries(entries)
}

/** Frees the latents of a state. */
export function disposeState(state: State): void {
  tf.dispose(Object.values(state))
}

/** Returns a state made latent by latent. */
export function mapState(state: State, made: (latent: tf.Tensor3D, name: string) => tf.Tensor): State {
  return Object.fromEntries(
    Object.entries(state).map(([name, latent]) => [name, made(latent, name) as tf.Tensor3D] as const),
  )
}
