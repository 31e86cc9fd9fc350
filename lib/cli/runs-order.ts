import { shownValue } from '../config/functions.js'
import { type ConfigKey, configSchema } from '../config/schema.js'
import { metricTitle } from '../evaluate/metric-names.js'
import type { Row } from '../files/arrow-rows.js'
import { didYouMean } from '../options/nearest.js'
import type { RunRecord } from '../results/run.js'
import { wrongUse } from './command.js'
import { valueIn } from './runs-filter.js'

/** Runs and their rows, in the same order. */
interface Ordered {
  readonly runs: readonly RunRecord[]
  readonly rows: readonly Row[]
}

/**
 * Sorts runs by a column, or by a key of the configuration; those without a value come last.
 *
 * @param sort `COLUMN`, `-COLUMN`, `COLUMN,asc` or `COLUMN,desc`; default: the given order
 * @throws UserError (exit code 2) for an unknown column.
 */
export function runsOrder(runs: readonly RunRecord[], rows: readonly Row[], sort: string | undefined): Ordered {
  if (sort === undefined) return { runs, rows }
  const [, minus, column, order] = /^(-?)(.+?)(?:[\s,:]+(asc|desc))?$/.exec(sort) ?? []
  if (column === undefined || (minus && order)) throw wrongUse('sort=COLUMN, sort=-COLUMN or sort=COLUMN,desc', sort)
  const columns = [...new Set(rows.flatMap(Object.keys))]
  // A column is named by its key, or by its title in the table.
  const name = columns.find((each) => metricTitle(each) === column) ?? column
  const keys = Object.keys(configSchema.shape)
  if (rows.length > 0 && !columns.includes(name) && !keys.includes(name))
    throw wrongUse(
      `a column (${columns.join(', ')}) or a key of the configuration`,
      name,
      didYouMean(name, [...columns, ...keys]),
    )
  const sign = minus || order === 'desc' ? -1 : 1
  const values = runs.map((run, i) =>
    columns.includes(name) ? rows[i]![name] : shownValue(valueIn(run, name as ConfigKey)),
  )
  const places = runs.map((_, i) => i).sort((a, b) => compare(values[a], values[b], sign))
  return { runs: places.map((i) => runs[i]!), rows: places.map((i) => rows[i]!) }
}

function compare(a: unknown, b: unknown, sign: number): number {
  const [noA, noB] = [a, b].map((value) => value == null || Number.isNaN(value))
  if (noA || noB) return Number(noA) - Number(noB)
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b)
  return sign * String(a).localeCompare(String(b), 'en')
}
