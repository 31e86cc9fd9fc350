import type { ConfigInput, Grid } from '../../../lib/index.js'
import { base as once } from './maze-10x10.js'

/** The TRM with self-attention of `maze-10x10.ts` with the recursion that the paper has on mazes. */
export const base: ConfigInput = { ...once, mixer: 'attention', layers: 2, T: 3, n: 4 }

export const grid: Grid = { seed: [0, 1, 2] }

export const options = { name: '10×10 mazes: T = 3, n = 4' }
