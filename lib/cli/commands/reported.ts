import { writeData } from '../../escape/terminal.js'
import { rowsOfTable } from '../../files/arrow-rows.js'
import { reportedResults } from '../../results/reported.js'
import { formatTable } from '../../results/text.js'
import { type Command, noWords } from '../command.js'
import { onlyKeys } from '../keys.js'
import { FORMAT_FLAGS, FORMAT_HELP, formatAsked, formatted } from '../table-format.js'

/** Columns shown in a terminal; `--json` has all. */
const COLUMNS =
  'table series x at method task metric value uncertainty depth nfp parameters readFrom note source'.split(' ')

/** `recurlab reported`. */
export const command: Command = {
  help: [
    'Prints published numbers only, none measured here.',
    {
      title: 'Options',
      rows: [
        [
          'table=NAME',
          '1 to 5 (the tables of arXiv 2510.04871), reproductions, scaling (test-time scaling without training), variants (later models), analyses, or series (points of curves: by noise, rollouts, supervision steps). Default: all but series.',
        ],
        ['series=TEXT', 'Curves whose name contains TEXT, e.g. ptrm.sudoku.sigma.'],
        ['method=TEXT', 'Methods whose name contains TEXT, e.g. TRM. Default: all.'],
        ['task=TEXT', 'Tasks whose name contains TEXT: Sudoku-Extreme, Maze-Hard, ARC-AGI-1, ARC-AGI-2. Default: all.'],
        ['metric=TEXT', 'Metrics whose name contains TEXT, e.g. pass@1. Default: all.'],
        ['--json', 'Prints the table as JSON, with parameter counts as numbers.'],
        ...FORMAT_HELP,
      ],
    },
  ],
  example: 'reported table=4 task=Sudoku',
  flags: { json: false, ...FORMAT_FLAGS },
  async run({ words, pairs, flags }) {
    noWords(words)
    const rows = rowsOfTable(reportedResults(onlyKeys(pairs, ['table', 'series', 'method', 'task', 'metric'])))
    const format = formatAsked(flags)
    if (format !== null) writeData(process.stdout, `${formatted(rows, format, { columns: paperColumns(rows) })}\n`)
    else if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else process.stdout.write(`${formatTable(rows, { columns: columnsOf(rows) })}\n`)
    return 0
  },
}

/** Returns the columns of a table for a paper: the uncertainty stands beside the value, sources and notes below the table. */
function paperColumns(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  return columnsOf(rows).filter(
    (name) => !['table', 'series', 'readFrom', 'uncertainty', 'note', 'source'].includes(name),
  )
}

/** Returns the columns with a value in any row. */
function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  return COLUMNS.filter((name) => rows.some((row) => row[name] !== null && row[name] !== undefined))
}
