export { type DatasetFacts, datasetFacts, type SplitFacts, type TokenFacts } from '../storage/facts.js'
export { type Duplicates, duplicates, splitOverlap } from '../storage/overlap.js'
export { loadDataset, saveDataset } from '../storage/store.js'
export * from '../tasks/arc/index.js'
export * from '../tasks/maze/index.js'
export * from '../tasks/sudoku/index.js'
export {
  type Augmentation,
  type Batch,
  type Dataset,
  type DatasetManifest,
  type Grid,
  IGNORE_LABEL,
  type Split,
  type TestTask,
} from './dataset.js'
export { countEvaluated, type EvaluationOptions, evaluationBatches } from './evaluation-batches.js'
export { type Example, type ExampleChoice, exampleOf } from './example.js'
export {
  type SamplerOptions,
  type SamplerState,
  type TrainingBatches,
  trainingBatches,
} from './sampler.js'
