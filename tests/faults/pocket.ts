import assert from 'node:assert/strict'
import { NOTHING_SPENT } from '../../lib/backend/spent.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import { type Dataset, sudoku } from '../../lib/index.js'
import { loadCheckpoint, openRun, readOutcomes } from '../../lib/results/run.js'
import { timeless } from '../timeless.js'

/** A model that trains in a few milliseconds, saved and evaluated all the time. */
export const pocket: ConfigInput = {
  hidden: 8,
  heads: 1,
  layers: 1,
  T: 1,
  n: 1,
  K: 2,
  batch: 4,
  trainSteps: 3,
  evalEvery: 2,
  checkpointEvery: 2,
  evalBatch: 6,
}

/** The puzzles of {@link pocket}. */
export function pocketData(): Promise<Dataset> {
  return sudoku({ box: [2, 2], clues: 6, train: 10, test: 6, seed: 3 })
}

/** All that a finished run holds, but for the time it took. */
export interface Ended {
  readonly tensors: unknown
  readonly state: unknown
  readonly metrics: readonly object[]
  readonly evaluations: readonly object[]
  readonly outcomes: unknown
}

/** Reads all that a run holds. Fails unless it is finished. */
export function ended(id: string, resultsDir: string): Ended {
  const run = openRun(id, resultsDir)
  const { tensors, state } = loadCheckpoint(run)
  const { metrics, evaluations } = loadRun(id, resultsDir)
  assert.equal(run.state, 'finished')
  return {
    tensors,
    state: { ...state, spent: NOTHING_SPENT },
    metrics: timeless(metrics),
    evaluations: timeless(evaluations),
    outcomes: readOutcomes(run).toArray().map(String),
  }
}
