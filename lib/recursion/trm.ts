import type { Recursion } from './data.js'
import { recursion } from './recursion.js'
import { type AnyUpdate, type Latents, type Networks, repeat, type Update } from './update.js'

/** The updates that carry gradient: the whole last latent recursion, or its last two updates. */
export type GradientKind = 'full' | 'one-step'

/** z ← net(z + y + x). Paper (arXiv 2510.04871), figure 3, `latent_recursion`. */
export const refineLatent: Update = ({ net }, x, { y, z }) => ({ z: net(z, y, x) })

/** y ← net(y + z), with the network for y. Paper, figure 3, `latent_recursion`. */
export const refineAnswer: Update = ({ netY }, _x, { y, z }) => ({ y: netY(y, z) })

/**
 * Returns n updates z ← net(z + y + x), then one update y ← net(y + z). Paper, figure 3 (`latent_recursion`).
 *
 * @throws UserError if n is not a whole number.
 */
export function latentRecursion(n: number): AnyUpdate[] {
  return [...repeat(n, [refineLatent]), refineAnswer]
}

/**
 * Returns the recursion of the Tiny Recursive Model: T latent recursions, each of n updates of z and one of y; the last
 * carries gradient (paper, figure 3, `deep_recursion`).
 *
 * @param T number of latent recursions
 * @param n updates of z per latent recursion
 * @param gradient `one-step`: only the last update of z and the last update of y carry gradient (Table 1); default `full`
 * @throws UserError unless T and n are whole numbers of 1 or more
 */
export function trm(T: number, n: number, gradient: GradientKind = 'full'): Recursion {
  return recursion(repeat(T, latentRecursion(n)), { gradientUpdates: carrying(n, gradient) })
}

/** z ← net(z + x) */
const look: Update = ({ net }, x, { z }) => ({ z: net(z, x) })

/** z ← net(z) */
const settle: Update = ({ net }, _x, { z }) => ({ z: net(z) })

/**
 * Returns the recursion of the TRM with a single latent, which the heads read: T times n updates z ← net(z + x), then
 * one z ← net(z). Paper, Table 2 ("single z").
 *
 * @param gradient as in {@link trm}
 * @throws UserError as {@link trm}
 */
export function trmSingle(T: number, n: number, gradient: GradientKind = 'full'): Recursion {
  return recursion(repeat(T, [...repeat(n, [look]), settle]), { gradientUpdates: carrying(n, gradient) })
}

/** z_i ← net(s + y + x), where s = Σ z over the current z */
function refineScale(i: number): AnyUpdate {
  return (networks, x, latents) => ({ [`z${i}`]: networks.net(sumOfScales(networks, latents), latents.y, x) })
}

/** y ← net(y + s) */
const refineAnswerOfScales: AnyUpdate = (networks, _x, latents) => ({
  y: networks.netY(latents.y, sumOfScales(networks, latents)),
})

/**
 * Returns the recursion of the TRM with n latents: T times, z1 to zn are updated in order, then y. Paper, Table 2
 * ("multi-scale z").
 *
 * @param n number of latents z1 to zn
 * @param gradient as in {@link trm}
 * @throws UserError if T is not a whole number of 1 or more, or there is no latent
 */
export function trmMulti(T: number, n: number, gradient: GradientKind = 'full'): Recursion {
  const scales = Array.from({ length: n }, (_, i) => i + 1)
  return recursion(repeat(T, [...scales.map(refineScale), refineAnswerOfScales]), {
    latents: ['y', ...scales.map((i) => `z${i}`)],
    gradientUpdates: carrying(n, gradient),
  })
}

/** s = z_1 + … + z_n */
function sumOfScales<Hidden>({ plus }: Networks<Hidden>, { y: _, ...scales }: Latents<Hidden>): Hidden {
  return Object.values<Hidden>(scales).reduce((a, b) => plus(a, b))
}

function carrying(n: number, gradient: GradientKind): number {
  return gradient === 'full' ? n + 1 : 2
}
