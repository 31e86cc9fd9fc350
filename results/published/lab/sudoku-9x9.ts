import { type ConfigInput, type Grid, preset } from '../../../lib/index.js'

const { T: _T, n: _n, layers: _layers, ...lab } = preset('sudoku-lab')

/** 9×9 Sudokus with 32 clues, 750 steps: rows of Table 1 with another recursion than the preset's, and HRM. */
export const base: ConfigInput = { ...lab, clues: 32, trainSteps: 750, dtype: 'bfloat16', evalWeights: 'both' }

const seed = [0, 1, 2, 3, 4]
export const grid: Grid[] = [
  { layers: [1], T: [1], n: [4], seed },
  { layers: [1], T: [2], n: [2], seed },
  { layers: [1], T: [3], n: [6], seed },
  { model: ['hrm'], layers: [2], layersH: [2], T: [2], n: [2], seed },
]

export const options = { name: '9×9, 32 clues: depth' }
