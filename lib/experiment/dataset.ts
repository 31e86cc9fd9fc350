import type { Config } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { loadDataset } from '../data/store.js'
import { sudoku } from '../data/sudoku/index.js'

/**
 * The data a configuration names: the built data set of `data`, else puzzles generated from its own keys.
 *
 * @throws UserError when the folder is missing, damaged or of another task.
 */
export async function datasetOf(config: Config): Promise<Dataset> {
  if (config.data !== null) return loadDataset(config.data)
  return sudoku({
    box: config.box ?? '2x2',
    clues: config.clues ?? undefined,
    train: config.trainPuzzles,
    test: config.testPuzzles,
    seed: config.dataSeed,
  })
}
