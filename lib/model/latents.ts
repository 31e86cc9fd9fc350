import type * as tf from '@tensorflow/tfjs-core'
import type { State } from './recursion.js'

/** The latents by the paper's names, each `[B, L, D]`: the answer `y`, and `z`, or `z1`, `z2`, … of several. */
export type Latents = { readonly [name in 'y' | 'z' | `z${number}`]: tf.Tensor3D }

/** The paper's name of a latent: `y` of `z_H`, `z` of `z_L`, `z1` of `z_L1`. */
export function paperName(latent: string): string {
  return latent === 'z_H' ? 'y' : latent.replace('z_L', 'z')
}

/** A state with its latents under the paper's names. */
export function latentsOf(state: State): Latents {
  return Object.fromEntries(Object.entries(state).map(([name, latent]) => [paperName(name), latent])) as Latents
}
