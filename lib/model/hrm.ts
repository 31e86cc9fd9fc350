import { type Recursion, repeat, type Update } from './recursion.js'

/** z_L ← f_L(z_L, z_H + x), the paper's names for z and y */
const lowLevel: Update = ({ net }, x, { y, z }) => ({ z: net(z!, y!, x) })

/** z_H ← f_H(z_H, z_L) */
const highLevel: Update = ({ netY }, _x, { y, z }) => ({ y: netY(y!, z!) })

/**
 * The Hierarchical Reasoning Model (arXiv 2506.21734): T cycles of n low-level updates and a high-level one; only the
 * very last of each carries gradient.
 */
export function hrm(T: number, n: number): Recursion {
  return { updates: repeat(T, [...repeat(n, [lowLevel]), highLevel]), withGradient: 2 }
}
