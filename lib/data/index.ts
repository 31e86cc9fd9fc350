export { type Augment, type Batch, type Dataset, type DatasetManifest, IGNORE_LABEL, type Split } from './dataset.js'
export { splitOverlap } from './overlap.js'
export {
  evaluationBatches,
  type SamplerOptions,
  type SamplerState,
  type TrainingBatches,
  trainingBatches,
} from './sampler.js'
export { loadDataset, saveDataset } from './store.js'
export * from './sudoku/index.js'
