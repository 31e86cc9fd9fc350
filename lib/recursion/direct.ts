import type { Recursion } from './data.js'
import { recursion } from './recursion.js'
import type { Update } from './update.js'

/** y ← net(y + x) */
const answer: Update = ({ netY }, x, { y }) => ({ y: netY(y, x) })

/** Direct prediction, the published baseline: y ← net(y + x), once per supervision step. */
export const direct: Recursion = recursion([answer])
