import { parseConfig } from '../../config/parse.js'
import { rowsOfTable } from '../../files/arrow-rows.js'
import { storedRun } from '../../results/comparison.js'
import { openRun, readMetrics } from '../../results/run.js'
import { type EvaluationRow, type FinishedRun, type MetricRow, showable } from '../compare/runs.js'

/**
 * Loads a stored run with its rows for comparison: `new Runs([loadRun(a), loadRun(b)])`.
 *
 * @param run folder, ID or a prefix of an ID
 * @throws UserError if there is no such run or it is damaged.
 */
export function loadRun(run: string, resultsDir?: string): FinishedRun {
  const { id, dir, config, parameters, label, status, evaluations, provenance } = storedRun(openRun(run, resultsDir))
  return showable({
    id,
    dir,
    config: parseConfig(config),
    parameters,
    label,
    ended: status.ended,
    evaluations: evaluations as unknown as EvaluationRow[],
    provenance,
    metrics: rowsOfTable(readMetrics({ dir })) as unknown as MetricRow[],
  })
}
