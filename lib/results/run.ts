/** A run is one folder, `RESULTS/runs/ID`, that one process writes and any number read. */
export {
  type Checkpoint,
  type CheckpointChoice,
  type LoadedCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
} from './checkpoint.js'
export {
  createRun,
  type NewRun,
  newRunId,
  type ResumeRunOptions,
  removeUnsaved,
  reopenFailed,
  resumeRun,
} from './create.js'
export { checkpointsOf, type KeptCheckpoint } from './kept.js'
export { DEFAULT_RESULTS } from './layout.js'
export { RunInUse } from './lease.js'
export {
  type DamagedRun,
  listRuns,
  openRun,
  type RunListing,
  type RunRecord,
  readEach,
  readEvaluations,
  readMetrics,
  readOutcomes,
  runStatus,
} from './record.js'
export type { EndReason, RunState, RunStatus } from './status.js'
export type { LogRow, RunWriter } from './writer.js'
