import type { Recursion } from './data.js'
import { trm } from './trm.js'

/**
 * The recursion of the Hierarchical Reasoning Model (arXiv 2506.21734): T cycles of n low-level updates, z_L ← f_L(z_L + z_H + x),
 * and a high-level one, z_H ← f_H(z_H + z_L); only the very last of each carries gradient. z_L is z, z_H is y: it is that of the
 * TRM with the 1-step gradient.
 */
export function hrm(T: number, n: number): Recursion {
  return trm(T, n, 'one-step')
}
