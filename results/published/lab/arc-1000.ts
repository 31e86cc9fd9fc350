import { arc, type ConfigInput, type Dataset, type Grid } from '../../../lib/index.js'

/** The generated ARC-like tasks of notebook 10 in 1,000 versions; `npx recurlab sweep results/published/lab/arc-8.ts` has 8. */
export const data = (): Promise<Dataset> =>
  arc({ train: 20, test: 20, augment: 1000, board: 6, size: 6, families: ['mirror', 'recolour', 'shift', 'gravity'], seed: 0 })

/** The model of notebook 10, for fifteen times as many steps. */
export const base: ConfigInput = {
  mixer: 'attention',
  hidden: 64,
  heads: 4,
  layers: 1,
  T: 1,
  n: 2,
  K: 1,
  batch: 64,
  trainSteps: 15_000,
  lr: 2e-3,
  puzzleLr: 0.03,
  weightDecay: 0.1,
  ema: 0.98,
  evalEvery: 2500,
}

export const grid: Grid = { seed: [0, 1, 2] }

export const options = { name: 'ARC-like: 1,000 versions' }
