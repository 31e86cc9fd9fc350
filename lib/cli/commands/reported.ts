import { rowsOfTable } from '../../files/arrow-rows.js'
import { reportedResults } from '../../results/reported.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'
import { onlyKeys } from '../keys.js'

/** Columns that fit a terminal; `--json` has all. */
const COLUMNS = 'table method task metric value uncertainty depth nfp parameters note source'.split(' ')

/** `recurlab reported`. */
export const command: Command = {
  usage: 'reported [table=…] [method=…] [task=…]',
  summary: 'published results of these models and of others, for comparison',
  help: `
Numbers that were published, never ones that were measured here.

  table=NAME   1…5 (the tables of arXiv 2510.04871), reproductions, scaling (test-time scaling without training),
               variants (later models) or analyses
  method=TEXT  methods whose name has TEXT in it, e.g. method=TRM
  task=TEXT    Sudoku-Extreme, Maze-Hard, ARC-AGI-1 or ARC-AGI-2, or a part of a name
  metric=TEXT  metrics whose name has TEXT in it, e.g. metric=pass@1
  --json       as JSON, with parameters as numbers, too

Example: recurlab reported table=4 task=Sudoku`,
  flags: { json: false },
  async run({ words, pairs, flags }) {
    if (words.length > 0) throw wrongUse('only key=value', words.join(' '))
    const rows = rowsOfTable(reportedResults(onlyKeys(pairs, ['table', 'method', 'task', 'metric'])))
    if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else process.stdout.write(`${formatTable(rows, { columns: columnsOf(rows) })}\n`)
    return 0
  },
}

/** The columns that have anything in them. */
function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  return COLUMNS.filter((name) => rows.some((row) => row[name] !== null))
}
