import { type ColumnTable, table } from 'arquero'
import { UserError } from '../errors.js'
import { type Cell, type Row, rowsOfTable } from '../files/arrow-rows.js'
import { compareRuns, evaluationRows, runLabels } from './comparison.js'
import { type RunRecord, readMetrics } from './record.js'

/**
 * The comparison of some runs as an arquero table: one row a run, with the keys of the configuration that differ between them,
 * parameters, last and best results; see `compareRuns`.
 */
export function runsTable(runs: readonly RunRecord[]): ColumnTable {
  return columnTable(compareRuns(runs), ['id', 'state'])
}

/**
 * The course of one metric in several runs as a long arquero table: `run`, `seed`, `label` (what sets the run apart), `step`,
 * `value`. Metrics of evaluations (`test.exact`, …) are looked for first, then those of training (`train.loss`, …).
 *
 * @throws UserError when the runs have rows, but none of them has this metric; a run without it is left out.
 */
export function curves(runs: readonly RunRecord[], metric: string): ColumnTable {
  const labels = runLabels(runs)
  const known = new Set<string>()
  const rows = runs.flatMap((run, i) => {
    const seed = typeof run.config.seed === 'number' ? run.config.seed : null
    const evaluations = evaluationRows(run)
    const source = evaluations.some((row) => Object.hasOwn(row, metric)) ? evaluations : rowsOfTable(readMetrics(run))
    for (const row of [...evaluations, ...source]) for (const name of Object.keys(row)) known.add(name)
    return points(source, metric).map(([step, value]) => ({ run: run.id, seed, label: labels[i]!, step, value }))
  })
  if (known.size > 0 && !known.has(metric))
    throw new UserError({
      where: 'curves',
      expected: `a metric (${[...known].filter((name) => name !== 'step').join(', ')})`,
      found: metric,
    })
  return columnTable(rows, ['run', 'seed', 'label', 'step', 'value'])
}

/** Rows as an arquero table; `columns` exist even when there are no rows. */
export function columnTable(rows: readonly Row[], columns: readonly string[] = []): ColumnTable {
  const names = new Set([...columns, ...rows.flatMap((row) => Object.keys(row))])
  return table([...names].map((name): [string, Cell[]] => [name, rows.map((row) => row[name] ?? null)]))
}

function points(rows: readonly Row[], metric: string): [step: number, value: number][] {
  return rows.flatMap((row): [number, number][] => {
    const { step, [metric]: value } = row
    return typeof step === 'number' && typeof value === 'number' ? [[step, value]] : []
  })
}
