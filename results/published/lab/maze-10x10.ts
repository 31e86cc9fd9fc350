import { type ConfigInput, type Grid, preset } from '../../../lib/index.js'

const { T: _T, n: _n, mixer: _mixer, ...pocket } = preset('maze-pocket')

/** 10×10 mazes, 3,000 steps: the rows of Table 4, each model six layers deep. */
export const base: ConfigInput = {
  ...pocket,
  size: 10,
  trainSteps: 3000,
  evalEvery: 500,
  warmup: 100,
  lrMinRatio: 0.1,
  dtype: 'bfloat16',
}

const seed = [0, 1, 2]
export const grid: Grid[] = [
  { mixer: ['attention', 'mlp'], layers: [2], T: [1], n: [2], seed },
  { model: ['direct'], mixer: ['attention'], layers: [6], seed },
  { model: ['hrm'], mixer: ['attention'], layers: [2], layersH: [2], T: [1], n: [2], seed },
]

export const options = { name: '10×10 mazes: models' }
