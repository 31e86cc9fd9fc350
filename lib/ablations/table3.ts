import { table3 as reported } from '../results/reported/table-3.js'
import { type Ablation, hrmRow, trmRow } from './row.js'

/** k and T of the rows of Table 3, from the top. */
export const table3Depths = [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [6, 3],
  [3, 6],
  [6, 6],
] as const

/** Table 3: more and less recursion. HRM has n = k and 4 layers, TRM n = 2k and 2 layers. */
export const table3: readonly Ablation[] = table3Depths.flatMap(([k, T], line) => [
  hrmRow(3, reported[2 * line]!, { T, n: k }),
  trmRow(3, reported[2 * line + 1]!, { T, n: 2 * k }),
])
