import type { Table } from 'apache-arrow'
import { UserError } from '../errors.js'
import { type Row, tableOfRows } from '../files/arrow-rows.js'
import { didYouMean } from '../options/nearest.js'
import { analyses, reproductions } from './reported/reproductions.js'
import type { ReportedRow } from './reported/row.js'
import { scaling } from './reported/scaling.js'
import { pointsOf, type ReportedCurve, type ReportedPoint, reportedCurves } from './reported/series.js'
import { table1 } from './reported/table-1.js'
import { table2 } from './reported/table-2.js'
import { table3 } from './reported/table-3.js'
import { table4 } from './reported/table-4.js'
import { table5 } from './reported/table-5.js'
import { variants } from './reported/variants.js'

/** Every published number but those of curves, in the order of the tables. */
export const reportedRows: readonly ReportedRow[] = [
  ...Object.values(table1),
  ...table2,
  ...table3,
  ...table4,
  ...table5,
  ...reproductions,
  ...scaling,
  ...variants,
  ...analyses,
]

/** Every point of a published curve. */
const reportedPoints = reportedCurves.flatMap(pointsOf)

/** Selects published numbers; omitted keys match everything. Case is ignored. */
export interface ReportedFilter {
  /**
   * Exact name: `1`…`5` (tables of the paper), `reproductions`, `scaling`, `variants`, `analyses`, or `series` for the points
   * of curves. Default: all but `series`.
   */
  readonly table?: string | undefined
  /** Name of a curve or part of it, e.g. `ptrm.sudoku.sigma`; only curves match. */
  readonly series?: string | undefined
  /** Name or part of it, e.g. `TRM`. */
  readonly method?: string | undefined
  /** Name or part of it, e.g. `Sudoku`. */
  readonly task?: string | undefined
  /** Name or part of it, e.g. `pass@1`. */
  readonly metric?: string | undefined
}

/**
 * Returns the published numbers as an Arrow table: `kind` (`reported` in every row), `table`, `method`, `task`,
 * `metric`, `value` (null when the source gives words instead), `uncertainty`, `depth`, `nfp` (forward passes per
 * optimisation step), `parameters` (as printed), `parameterCount`, `source`, `note`. Accuracies are in percent. Points of curves (`table: 'series'`) also have
 * `series`, `x` (the quantity that varies), `at` (its value) and `readFrom` (`figure`, `table` or `text` of the source).
 *
 * @example
 * show(reportedResults({ task: 'ARC-AGI-1' }))
 * show(reportedResults({ series: 'ptrm.sudoku' }))
 * @throws UserError when no row matches the filter.
 */
export function reportedResults(filter: ReportedFilter = {}): Table {
  const rows = reportedWhere(filter).map((row): Row => ({ ...row }))
  return tableOfRows(rows, ['depth', 'nfp']).select(Object.keys(rows[0]!))
}

/** Returns the rows that match a filter. @throws UserError (exit code 2) when none does. */
export function reportedWhere(filter: ReportedFilter): readonly ReportedRow[] {
  const rows = candidates(filter).filter((row) =>
    KEYS.every((key) => {
      const asked = filter[key]?.toLowerCase()
      const there = field(row, key).toLowerCase()
      return asked === undefined || (key === 'table' ? there === asked : there.includes(asked))
    }),
  )
  if (rows.length > 0) return rows
  const near = didYouMeanOf(filter)
  throw new UserError({
    where: 'reported results',
    expected:
      filter.series === undefined
        ? `rows of an existing table (${unique('table')}, series), task (${unique('task')}) or method`
        : `a curve of ${reportedCurves.map(({ series }) => series).join(', ')}`,
    found: `none for ${JSON.stringify(filter)}`,
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}

/**
 * Returns the one published row of a method, named in full.
 *
 * @example
 * reportedRow('2', 'TRM, single z')
 * reportedRow('4', 'HRM', 'Maze-Hard')
 * @param task needed where the table has a row of the method for several tasks
 * @throws UserError (exit code 2) when there is none, or more than one.
 */
export function reportedRow(table: string, method: string, task?: string): ReportedRow {
  const rows = reportedWhere({ table, method, task }).filter((row) => row.method === method)
  if (rows.length === 1) return rows[0]!
  throw new UserError({
    where: 'reported results',
    expected: `one row of table ${table} with the method ${JSON.stringify(method)}`,
    found: rows.length === 0 ? 'none' : `${rows.length}, of the tasks ${rows.map((row) => row.task).join(', ')}`,
    todo:
      rows.length === 0
        ? `The methods are ${[...new Set(reportedWhere({ table, task }).map((row) => row.method))].join('; ')}.`
        : 'Name the task.',
    exitCode: 2,
  })
}

/** Selects published curves; omitted keys match everything. */
export type ReportedCurveFilter = Omit<ReportedFilter, 'table'>

/**
 * Returns the published curves that match a filter.
 *
 * @example
 * reportedCurvesWhere({ series: 'ptrm.sudoku.sigma' })
 * @throws UserError (exit code 2) when none does.
 */
export function reportedCurvesWhere(filter: ReportedCurveFilter): readonly ReportedCurve[] {
  const names = new Set(reportedWhere({ ...filter, table: 'series' }).map((row) => field(row, 'series')))
  return reportedCurves.filter(({ series }) => names.has(series))
}

const KEYS = ['table', 'series', 'method', 'task', 'metric'] as const

/** Returns the numbers that a filter searches: the points of curves, or all others. */
function candidates({ table, series }: ReportedFilter): readonly (ReportedRow | ReportedPoint)[] {
  return series !== undefined || table?.toLowerCase() === 'series' ? reportedPoints : reportedRows
}

function field(row: ReportedRow | ReportedPoint, key: (typeof KEYS)[number]): string {
  return key === 'series' ? ('series' in row ? row.series : '') : row[key]
}

/** Suggests a correction for the first part of a filter that matches no row. */
function didYouMeanOf(filter: ReportedFilter): string | undefined {
  for (const key of KEYS) {
    const asked = filter[key]
    const there = [...new Set(candidates(filter).map((row) => field(row, key)))]
    if (asked === undefined || there.some((name) => name.toLowerCase().includes(asked.toLowerCase()))) continue
    // Parts of names match too, so that a filter is compared with the parts.
    const parts = there.flatMap((name) => [name, ...name.split(/[\s,.-]+/)])
    return didYouMean(asked, [...new Set(parts)], `${key}=`)
  }
  return undefined
}

function unique(key: 'table' | 'task'): string {
  return [...new Set(reportedRows.map((row) => row[key]))].join(', ')
}
