import { storedRecursion } from '../config/recursion-key.js'
import { isOwnMetric, judgedApart, metricTitle, titledRow } from '../evaluate/metric-names.js'
import type { Cell, Row } from '../files/arrow-rows.js'
import { pseudocode } from '../recursion/pseudocode.js'
import type { ComparedRun, Comparison } from '../results/comparison.js'
import { SHORTEST_ID } from '../results/record.js'
import { formatTable } from '../results/text.js'
import { displayWidth, terminalWidth, wrapText } from '../results/text-width.js'

/** Width of the table if the output is not a terminal. */
const WIDTH = 100

/** Options of {@link runsText}. */
export interface RunsTextOptions {
  /** The IDs of all runs in the folder; shortened IDs are unique among them. */
  readonly ids: readonly string[]
  /** Whether every column is shown. */
  readonly all: boolean
}

/**
 * Returns a comparison of runs for a terminal: ID, state, name and results, then as many custom metrics and keys that vary
 * as fit, then the names of the others. Shares are in percent.
 */
export function runsText(
  { runs, rows, variedColumns: varied }: Comparison<ComparedRun>,
  { ids, all }: RunsTextOptions,
): string {
  const width = terminalWidth() ?? WIDTH
  const shown = rows.map((row) => readable(row, ids))
  const names = [...new Set(shown.flatMap(Object.keys))]
  const own = [...new Set(rows.flatMap(Object.keys))].filter(isOwnMetric).map(metricTitle)
  const judged = judgedApart(rows).map(metricTitle)
  const results = names.filter((name) => MAIN.has(name) || judged.includes(name))
  const others = ['tags', 'note', metricTitle('best test.exact'), 'parameters', ...names]
  const below = recursionLines(runs, width)
  if (all) {
    const columns = [...new Set([...results, ...varied, ...others])].filter(isIn(names))
    return [formatTable(shown, { columns, width }), ...below].join('\n')
  }
  const columns = [...results]
  const left: string[] = []
  for (const name of [...own, ...varied, 'tags'].filter(isIn(names)))
    if (fits(shown, [...columns, name], width)) columns.push(name)
    else left.push(name)
  const more =
    left.length === 0 ? [] : ['', ...wrapText(`Not shown: ${left.join(', ')}. --all shows every column.`, width)]
  return [formatTable(shown, { columns, width }), ...below, ...more].join('\n')
}

/** Returns the pseudocode of every custom recursion of the runs, once per name. */
function recursionLines(runs: readonly ComparedRun[], width: number): string[] {
  const texts = runs.flatMap(({ config }) => {
    const recursion = storedRecursion(config)
    if (!recursion) return []
    const code = pseudocode(recursion, config.networks === 'separate' || config.model === 'hrm' ? 'separate' : 'shared')
    return [recursion.name === undefined ? code : `${recursion.name}: ${code}`]
  })
  return [...new Set(texts)].flatMap((text) => ['', ...wrapText(text, width)])
}

/** Columns that are always shown. */
const MAIN = new Set(
  [
    'id',
    'state',
    'ended',
    'collapsed',
    'name',
    'test.exact',
    'test.cells',
    'test.pass@2',
    'skippedUpdates',
    'step',
    'trainSeconds',
  ].map(metricTitle),
)

function isIn(names: readonly string[]): (name: string) => boolean {
  return (name) => names.includes(name)
}

/** Returns whether columns fit side by side with every run on one line and column names on at most two. */
function fits(rows: readonly Record<string, Cell>[], columns: readonly string[], width: number): boolean {
  const lines = formatTable(rows, { columns, width }).split('\n')
  const rule = lines.findIndex((line) => line.startsWith('─'))
  return rule <= 2 && lines.length === rule + 1 + rows.length && lines.every((line) => displayWidth(line) <= width)
}

/** Returns a row with titles and units, starting with shortened ID, state and name. */
function readable({ id, state, ended, collapsed, name, ...row }: Row, ids: readonly string[]): Record<string, Cell> {
  return {
    id: shortId(String(id), ids),
    state: state ?? null,
    ...(ended === undefined ? {} : { ended }),
    ...(collapsed === undefined ? {} : { collapsed }),
    ...(name === undefined ? {} : { name }),
    ...titledRow(row),
  }
}

/** Returns the shortest unique prefix of an ID, with at least its date and time. */
function shortId(id: string, ids: readonly string[]): string {
  let length = SHORTEST_ID
  while (length < id.length && ids.some((other) => other !== id && other.startsWith(id.slice(0, length)))) length++
  return id.slice(0, length)
}
