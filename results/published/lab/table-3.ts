import { table3Depths } from '../../../lib/ablations/table3.js'
import type { ConfigInput, Grid } from '../../../lib/index.js'

/** Table 3 on 6×6 Sudokus with 12 clues: a TRM of one layer with n = 2k, and HRM of two networks of two layers with n = k. */
export const base: ConfigInput = {
  box: '2x3',
  clues: 12,
  trainPuzzles: 1000,
  testPuzzles: 200,
  mixer: 'mlp',
  hidden: 64,
  heads: 4,
  puzzleTokens: 1,
  K: 1,
  batch: 64,
  trainSteps: 300,
  lr: 2e-3,
  weightDecay: 0.1,
  ema: 0.98,
  evalEvery: 100,
  dtype: 'bfloat16',
  evalWeights: 'both',
}

const seed = [0, 1, 2]
export const grid: Grid[] = table3Depths.flatMap(([k, T]): Grid[] => [
  { layers: [1], T: [T], n: [2 * k], seed },
  { model: ['hrm'], layers: [2], layersH: [2], T: [T], n: [k], seed },
])

export const options = { name: '6×6: Table 3' }
