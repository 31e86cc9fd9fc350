import { type Recursion, repeat, type Update } from './recursion.js'

/** z_L ← L(z_L, z_H + x) */
const lowLevel: Update = ({ L }, x, { z_H, z_L }) => ({ z_L: L(z_L!, z_H!, x) })

/** z_H ← H(z_H, z_L) */
const highLevel: Update = ({ H }, _x, { z_H, z_L }) => ({ z_H: H(z_H!, z_L!) })

/**
 * The Hierarchical Reasoning Model (arXiv 2506.21734): T cycles of n low-level updates and a high-level one; only the
 * very last of each carries gradient.
 */
export function hrm(T: number, n: number): Recursion {
  return { updates: repeat(T, [...repeat(n, [lowLevel]), highLevel]), withGradient: 2 }
}
