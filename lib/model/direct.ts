import type { Recursion } from './recursion.js'

/** Direct prediction, the published baseline: z_H ← H(z_H, x), once per supervision step. */
export const direct: Recursion = {
  updates: [({ H }, x, { z_H }) => ({ z_H: H(z_H!, x) })],
  withGradient: 1,
}
