import type { Recursion } from './recursion.js'

/** Direct prediction, the published baseline: y ← net(y, x), once per supervision step. */
export const direct: Recursion = {
  updates: [({ netY }, x, { y }) => ({ y: netY(y!, x) })],
  withGradient: 1,
}
