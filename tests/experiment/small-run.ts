import type { ConfigInput } from '../../lib/config/schema.js'
import { type Dataset, sudoku } from '../../lib/index.js'

/** A configuration of six steps, with three evaluations, that trains in a fraction of a second. */
export const smallRun: ConfigInput = {
  hidden: 16,
  heads: 2,
  layers: 1,
  K: 3,
  batch: 8,
  trainSteps: 6,
  evalEvery: 2,
  evalBatch: 10,
}

/** Reports nothing. */
export const quiet = { observer: {} }

/** Returns 30 training and 10 test Sudokus of 4×4. */
export function smallData(): Promise<Dataset> {
  return sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
}
