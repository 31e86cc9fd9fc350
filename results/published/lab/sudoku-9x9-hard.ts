import { type ConfigInput, type Grid, preset } from '../../../lib/index.js'

/** 9×9 Sudokus with 27 clues: the preset as it is. */
export const base: ConfigInput = preset('sudoku-lab')

export const grid: Grid = { seed: [0, 1, 2] }

export const options = { name: '9×9, 27 clues' }
