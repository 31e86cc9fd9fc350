import type { State } from './recursion.js'

/** The paper's name of a latent: `y` of `z_H`, `z` of `z_L`, `z1` of `z_L1`. */
export function paperName(latent: string): string {
  return latent === 'z_H' ? 'y' : latent.replace('z_L', 'z')
}

/** A state with its latents under the paper's names. */
export function latentsOf(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, latent]) => [paperName(name), latent]))
}
