import type { Table } from 'apache-arrow'
import { configSchema } from '../config/schema.js'
import { metricTitle } from '../evaluate/metric-names.js'
import { type Cell, type Row, rowsOfTable } from '../files/arrow-rows.js'
import { type ReportedFilter, reportedWhere } from './reported.js'

/** A row of {@link withReported}: the columns common to both kinds. */
export interface ComparedRow extends Row {
  readonly kind: 'measured' | 'reported'
  readonly method: string
  readonly metric: string
  readonly value: number | null
  readonly uncertainty: number | null
  readonly seed: number | null
  readonly parameterCount: number | null
  /** The measured run, or the source of the published number. */
  readonly source: string
  readonly note: string | null
}

/** Options of {@link withReported}. */
export interface WithReportedOptions {
  /** Measured column to compare. Default: `exact accuracy (%)`. */
  readonly value?: string
  /** Returns the name of a measured row. Default: the keys that vary, e.g. `mixer mlp`. */
  readonly method?: (row: Row) => string
}

const EXACT = metricTitle('test.exact')

/** Columns of `runs.table()` that hold results or labels. */
const OWN = new Set([
  ...['name', 'tags', 'note', 'seed', 'parameters', 'run'],
  ...[
    'test.exact',
    'test.cells',
    'test.pass@2',
    'trainSeconds',
    'evaluationSeconds',
    'trainCpuSeconds',
    'trainMacs',
  ].map(metricTitle),
])

/**
 * Returns measured rows followed by published ones. The column `kind` distinguishes them; no row mixes the two.
 *
 * @param measured `runs.table()`, or any table with a numeric column
 * @example
 * show(withReported(runs.table(), { table: '1' }))
 */
export function withReported(
  measured: readonly Row[] | Table,
  filter: ReportedFilter,
  options: WithReportedOptions = {},
): ComparedRow[] {
  const rows: readonly Row[] = isRows(measured) ? measured : rowsOfTable(measured)
  const { value = EXACT, method = variedIn } = options
  const ours = rows.map(
    (row): ComparedRow => ({
      kind: 'measured',
      method: method(row),
      metric: value,
      value: numberIn(row, value),
      uncertainty: null,
      seed: numberIn(row, 'seed'),
      parameterCount: numberIn(row, 'parameters'),
      source: Object.hasOwn(row, 'run') ? `run ${row.run}` : 'measured here',
      note: null,
    }),
  )
  const theirs = reportedWhere(filter).map(
    ({ kind, method, task, metric, value, uncertainty, parameterCount, source, note }): ComparedRow => ({
      kind,
      method,
      metric: `${task}, ${metric}`,
      value,
      uncertainty,
      seed: null,
      parameterCount,
      source,
      note,
    }),
  )
  return [...ours, ...theirs]
}

function isRows(measured: readonly Row[] | Table): measured is readonly Row[] {
  return Array.isArray(measured)
}

/** Names a row by the keys of the configuration among its columns, else by all columns but results and labels. */
function variedIn(row: Row): string {
  const others = Object.entries(row).filter(([name]) => !OWN.has(name))
  const keys = others.filter(([name]) => Object.hasOwn(configSchema.shape, name))
  const varied = keys.length > 0 ? keys : others
  return varied.map(([name, cell]) => `${name} ${cell}`).join(', ') || 'run'
}

function numberIn(row: Row, column: string): number | null {
  const cell: Cell | undefined = Object.hasOwn(row, column) ? row[column] : undefined
  return typeof cell === 'number' ? cell : null
}
