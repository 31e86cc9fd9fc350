/** A run is one folder, `RESULTS/runs/ID`, that one process writes and any number read. */
export {
  type Checkpoint,
  type CheckpointChoice,
  type LoadedCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
} from './checkpoint.js'
export { createRun, type NewRun, type ResumeRunOptions, resumeRun } from './create.js'
export { checkpointsOf, type KeptCheckpoint } from './kept.js'
export { DEFAULT_RESULTS } from './layout.js'
export {
  listRuns,
  openRun,
  type RunListing,
  type RunRecord,
  readEvaluations,
  readMetrics,
  readOutcomes,
} from './record.js'
export type { EndReason, RunState, RunStatus } from './status.js'
export type { LogRow, RunWriter } from './writer.js'
