import { arc, type Dataset } from '../../../lib/index.js'

export { base, grid } from './arc-1000.js'

/** The generated ARC-like tasks of notebook 10 in 8 versions. */
export const data = (): Promise<Dataset> =>
  arc({ train: 20, test: 20, augment: 8, board: 6, size: 6, families: ['mirror', 'recolour', 'shift', 'gravity'], seed: 0 })

export const options = { name: 'ARC-like: 8 versions' }
