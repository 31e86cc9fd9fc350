import { configSchema } from '../config/schema.js'
import { metricTitle } from '../evaluate/metric-names.js'
import { didYouMean } from '../options/nearest.js'
import { type ComparedRun, Comparison } from '../results/comparison.js'
import { wrongUse } from './command.js'

/**
 * Sorts runs by a column, or by a key of the configuration; those without a value come last.
 *
 * @param sort `COLUMN`, `-COLUMN`, `COLUMN,asc` or `COLUMN,desc`; default: the given order
 * @throws UserError (exit code 2) for an unknown column.
 */
export function inOrder<R extends ComparedRun>(comparison: Comparison<R>, sort: string | undefined): Comparison<R> {
  if (sort === undefined) return comparison
  const { runs, rows } = comparison
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
  const sorted = runs
    .map((run, i) => ({ run, value: columns.includes(name) ? rows[i]![name] : comparison.value(run, name) }))
    .sort((a, b) => compare(a.value, b.value, sign))
  return new Comparison(sorted.map(({ run }) => run))
}

function compare(a: unknown, b: unknown, sign: number): number {
  const [noA, noB] = [a, b].map((value) => value == null || Number.isNaN(value))
  if (noA || noB) return Number(noA) - Number(noB)
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b)
  return sign * String(a).localeCompare(String(b), 'en')
}
