import { type Recursion, repeat, type Update } from './recursion.js'

/** z ← net(z, y + x) */
const refineLatent: Update = ({ net }, x, { y, z }) => ({ z: net(z!, y!, x) })

/** y ← net(y, z) */
const refineAnswer: Update = ({ netY }, _x, { y, z }) => ({ y: netY(y!, z!) })

/** n times z ← net(z, y + x), then once y ← net(y, z). Paper, figure 3 (`latent_recursion`). */
export function latentRecursion(n: number): Update[] {
  return [...repeat(n, [refineLatent]), refineAnswer]
}

/**
 * The Tiny Recursive Model: T latent recursions, the last with gradient (paper, figure 3, `deep_recursion`); with the
 * 1-step gradient only the last update of z and that of y.
 */
export function trm(T: number, n: number, gradient: 'full' | 'one-step'): Recursion {
  return { updates: repeat(T, latentRecursion(n)), withGradient: gradient === 'full' ? n + 1 : 2 }
}
