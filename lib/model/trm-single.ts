import { type Recursion, repeat, type Update } from './recursion.js'

/** z ← net(z + x) */
const look: Update = ({ net }, x, { z }) => ({ z: net(z!, x) })

/** z ← net(z) */
const settle: Update = ({ net }, _x, { z }) => ({ z: net(z!) })

/**
 * The TRM with one latent, from which the answer is read: T times, n times z ← net(z + x), then once z ← net(z).
 * Paper, Table 2 ("single z").
 */
export function trmSingle(T: number, n: number, gradient: 'full' | 'one-step'): Recursion {
  return { updates: repeat(T, [...repeat(n, [look]), settle]), withGradient: gradient === 'full' ? n + 1 : 2 }
}
