import { metricEntry } from '../config/metrics.js'
import type { Cell, Row } from '../files/arrow-rows.js'
import { variedColumns } from '../results/comparison.js'
import { metricTitle, percent } from '../results/metric-names.js'
import { type RunRecord, SHORTEST_ID } from '../results/record.js'
import { formatTable } from '../results/text.js'
import { displayWidth, terminalWidth, wrapText } from '../results/text-width.js'

/** Width that the table fits in where the output is no terminal. */
const WIDTH = 100

/** Columns that are always shown. */
const MAIN = ['id', 'state', 'name', 'step', ...['test.exact', 'test.pass@2', 'trainSeconds'].map(metricTitle)]

/** Results that are shown where the keys that differ leave room. */
const WHERE_THEY_FIT = ['test.cells', 'evaluationSeconds'].map(metricTitle)

/** How runs are shown. */
export interface RunsTextOptions {
  /** The IDs of all runs of the folder, of which those that are shown are to be told. */
  readonly ids: readonly string[]
  /** Whether every column is shown. */
  readonly all: boolean
}

/**
 * The rows of `compareRuns` for a terminal: ID, state, name and main results, then as many of the keys that differ and of the
 * other results as fit, then which others there are. Metrics have the names that people read; shares are in percent.
 */
export function runsText(runs: readonly RunRecord[], rows: readonly Row[], { ids, all }: RunsTextOptions): string {
  const width = terminalWidth() ?? WIDTH
  const shown = rows.map((row) => readable(row, ids))
  const names = Object.keys(shown[0] ?? {})
  const results = names.filter((name) => MAIN.includes(name))
  const varied = variedColumns(runs, rows)
  const others = ['tags', 'note', metricTitle('best test.exact'), 'parameters', ...names]
  if (all)
    return formatTable(shown, { columns: [...new Set([...results, ...varied, ...others])].filter(isIn(names)), width })
  const columns = [...results]
  const left: string[] = []
  for (const name of [...varied, 'tags', ...WHERE_THEY_FIT].filter(isIn(names)))
    if (widthOf(shown, [...columns, name]) <= width) columns.push(name)
    else left.push(name)
  const more =
    left.length === 0 ? [] : ['', ...wrapText(`Not shown: ${left.join(', ')}. --all shows every column.`, width)]
  return [formatTable(shown, { columns, width }), ...more].join('\n')
}

function isIn(names: readonly string[]): (name: string) => boolean {
  return (name) => names.includes(name)
}

function widthOf(rows: readonly Record<string, Cell>[], columns: readonly string[]): number {
  return displayWidth(formatTable(rows, { columns, width: Number.POSITIVE_INFINITY }).split('\n')[1] ?? '')
}

/** A row with its ID cut to what tells it, shares in percent with one decimal, seconds rounded; ID, state and name first. */
function readable({ id, state, name, ...row }: Row, ids: readonly string[]): Record<string, Cell> {
  const cells = Object.entries(row).map(([column, value]): [string, Cell] => {
    const unit = metricEntry(column.replace(/^best /, ''))?.unit
    if (unit === 'share') return [metricTitle(column), percent(typeof value === 'number' ? value : null)]
    if (unit === 's' && typeof value === 'number')
      return [metricTitle(column), value < 10 ? Math.round(value * 10) / 10 : Math.round(value)]
    return [unit === undefined ? column : metricTitle(column), value]
  })
  return {
    id: shortId(String(id), ids),
    state: state ?? null,
    ...(name === undefined ? {} : { name }),
    ...Object.fromEntries(cells),
  }
}

/** As much of an ID as tells it from the others, the time of day at least. */
function shortId(id: string, ids: readonly string[]): string {
  let length = SHORTEST_ID
  while (length < id.length && ids.some((other) => other !== id && other.startsWith(id.slice(0, length)))) length++
  return id.slice(0, length)
}
