import type { ConfigInput, Grid } from '../../../lib/index.js'
import { base as once } from './maze-10x10.js'

/** 10×10 mazes again, five times as many to train on, and nearly three times as long: the paper's recursion and direct prediction. */
export const base: ConfigInput = {
  ...once,
  mixer: 'attention',
  trainPuzzles: 20_000,
  testPuzzles: 500,
  trainSteps: 8000,
  evalEvery: 1000,
}

const seed = [0, 1, 2]
export const grid: Grid[] = [
  { layers: [2], T: [3], n: [4], seed },
  { model: ['direct'], layers: [6], seed },
]

export const options = { name: '10×10 mazes: 20,000 of them, 8,000 steps' }
