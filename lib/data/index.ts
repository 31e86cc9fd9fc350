export * from './arc/index.js'
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
export { type DatasetFacts, datasetFacts, type SplitFacts, type TokenFacts } from './facts.js'
export * from './maze/index.js'
export { type Duplicates, duplicates, splitOverlap } from './overlap.js'
export {
  type SamplerOptions,
  type SamplerState,
  type TrainingBatches,
  trainingBatches,
} from './sampler.js'
export { loadDataset, saveDataset } from './store.js'
export * from './sudoku/index.js'
