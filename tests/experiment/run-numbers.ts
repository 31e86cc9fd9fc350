import { loadRun } from '../../lib/experiment/run/load.js'
import { loadCheckpoint, openRun } from '../../lib/results/run.js'
import { timeless } from '../timeless.js'

/** Returns metrics, evaluations and the last checkpoint of a run, without times. */
export function runNumbers(run: string, resultsDir: string): unknown {
  const { metrics, evaluations } = loadRun(run, resultsDir)
  const { tensors } = loadCheckpoint(openRun(run, resultsDir))
  return [timeless(metrics), timeless(evaluations), [...tensors]]
}
