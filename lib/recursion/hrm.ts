import type { Recursion } from './data.js'
import { trm } from './trm.js'

/**
 * Returns the recursion of the Hierarchical Reasoning Model (arXiv 2506.21734): T cycles, each of n low-level updates
 * z_L ← f_L(z_L + z_H + x) and one high-level update z_H ← f_H(z_H + z_L); only the last update of each kind carries
 * gradient. With z_L as z and z_H as y, it equals the TRM's with the one-step gradient.
 *
 * @param T number of cycles
 * @param n low-level updates per cycle
 * @throws UserError unless T and n are whole numbers of 1 or more
 */
export function hrm(T: number, n: number): Recursion {
  return trm(T, n, 'one-step')
}
