import type { ConfigInput, Grid } from '../../../lib/index.js'
import { base as once } from './maze-10x10.js'

/** The TRM with self-attention of `maze-10x10.ts` with four supervision steps in place of one. */
export const base: ConfigInput = { ...once, K: 4, mixer: 'attention', layers: 2, T: 1, n: 2 }

export const grid: Grid = { seed: [0, 1, 2] }

export const options = { name: '10×10 mazes: four supervision steps' }
