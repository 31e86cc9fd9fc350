import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { loadDataset as readDataset } from '../../storage/store.js'
import { datasetOf as makeOrRead } from './dataset.js'
import { withBackend } from './make-data.js'

/**
 * Returns the data set stored in a folder, in Recurlab's layout or that of the published builders. It also starts the
 * backend, which `createModel` needs.
 *
 * @example
 * const data = await loadDataset('data/sudoku-extreme')
 * @param dir path relative to the working directory; in a notebook, relative to the project's folder when nothing exists
 * there
 * @throws UserError when the folder is missing, damaged (checksums of the files and the hash of the arrays are verified), of
 * another format version or out of range.
 */
export function loadDataset(dir: string): Promise<Dataset> {
  return withBackend(async () => readDataset(dir))
}

/**
 * Returns the data set of a configuration: the stored one in `data`, else puzzles generated from its keys. It also starts the
 * backend, which `createModel` needs.
 *
 * @example
 * const data = await datasetOf(parseConfig(preset('sudoku-pocket')))
 * @throws UserError if the folder is missing, damaged or of another task, and for an unknown task.
 */
export function datasetOf(config: Config): Promise<Dataset> {
  return withBackend(() => makeOrRead(config))
}
