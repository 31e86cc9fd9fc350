import { parseConfig } from '../../config/parse.js'
import { rowsOfTable } from '../../files/arrow-rows.js'
import { readLabel } from '../../results/label.js'
import { openRun, readEvaluations, readMetrics } from '../../results/run.js'
import { type EvaluationRow, type FinishedRun, type MetricRow, showable } from '../compare/runs.js'

/**
 * Loads a stored run with its rows for comparison: `new Runs([loadRun(a), loadRun(b)])`.
 *
 * @param run folder, ID or a prefix of an ID
 * @throws UserError if there is no such run or it is damaged.
 */
export function loadRun(run: string, resultsDir?: string): FinishedRun {
  const record = openRun(run, resultsDir)
  return showable({
    id: record.id,
    dir: record.dir,
    config: parseConfig(record.config),
    parameters: record.status.parameters ?? Number.NaN,
    label: readLabel(record.dir),
    ended: record.status.ended,
    evaluations: rowsOfTable(readEvaluations(record)) as unknown as EvaluationRow[],
    metrics: rowsOfTable(readMetrics(record)) as unknown as MetricRow[],
  })
}
