import { metricEntry } from '../config/metrics.js'
import type { Cell, Row } from '../files/arrow-rows.js'
import { variedColumns } from '../results/comparison.js'
import { type RunRecord, SHORTEST_ID } from '../results/record.js'
import { formatTable } from '../results/text.js'
import { displayWidth, terminalWidth, wrapText } from '../results/text-width.js'

/** Width that the table fits in where the output is no terminal. */
const WIDTH = 100

/** How runs are shown. */
export interface RunsTextOptions {
  /** The IDs of all runs of the folder, of which those that are shown are to be told. */
  readonly ids: readonly string[]
  /** Whether every column is shown. */
  readonly all: boolean
}

/**
 * The rows of `compareRuns` for a terminal: ID, state, name and results, then as many of the keys that differ as fit, then
 * which others there are. Shares are in percent.
 */
export function runsText(runs: readonly RunRecord[], rows: readonly Row[], { ids, all }: RunsTextOptions): string {
  const width = terminalWidth() ?? WIDTH
  const shown = rows.map((row) => readable(row, ids))
  const names = Object.keys(shown[0] ?? {})
  const results = names.filter((name) => isMain(name))
  const varied = variedColumns(runs, rows)
  const others = ['tags', 'note', 'best test.exact (%)', 'parameters', ...names]
  if (all)
    return formatTable(shown, { columns: [...new Set([...results, ...varied, ...others])].filter(isIn(names)), width })
  const columns = [...results]
  const left: string[] = []
  for (const name of [...varied, 'tags'].filter(isIn(names)))
    if (widthOf(shown, [...columns, name]) <= width) columns.push(name)
    else left.push(name)
  const more =
    left.length === 0 ? [] : ['', ...wrapText(`Not shown: ${left.join(', ')}. --all shows every column.`, width)]
  return [formatTable(shown, { columns, width }), ...more].join('\n')
}

/** Columns that are always shown, in this order. */
function isMain(name: string): boolean {
  return /^(id|state|name|step|test\.(exact|cells|pass@2) \(%\))$/.test(name) || metricEntry(name)?.unit === 's'
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
    if (unit === 'share') return [`${column} (%)`, typeof value === 'number' ? Math.round(value * 1000) / 10 : value]
    if (unit === 's' && typeof value === 'number')
      return [column, value < 10 ? Math.round(value * 10) / 10 : Math.round(value)]
    return [column, value]
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
