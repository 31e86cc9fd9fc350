import { type Exportable, toCsv } from '../results/export.js'
import { toLatex } from '../results/latex.js'
import { toMarkdown } from '../results/markdown.js'
import type { TableOptions } from '../results/printed-table.js'
import { wrongUse } from './command.js'

/** Formats of a table for a paper. */
const FORMATS = ['latex', 'markdown', 'csv'] as const
export type TableFormat = (typeof FORMATS)[number]

/** The flags that choose a format. */
export const FORMAT_FLAGS = { latex: false, markdown: false, csv: false } as const

/** Help of the flags. */
export const FORMAT_HELP = [
  ['--latex', 'Prints the table as LaTeX for the packages booktabs and siunitx.'],
  ['--markdown', 'Prints the table as Markdown.'],
  [
    '--csv',
    'Prints the table as CSV, a value and its uncertainty in two columns. A text that a spreadsheet would read as a formula has an apostrophe before it.',
  ],
] as const

/** Returns the format that a command line asks for; null for none. @throws UserError (exit code 2) for two, or one beside --json */
export function formatAsked(flags: ReadonlyMap<string, string | true>): TableFormat | null {
  const [format, ...more] = FORMATS.filter((name) => flags.has(name))
  const other = more[0] ?? (flags.has('json') ? 'json' : undefined)
  if (format !== undefined && other !== undefined) throw wrongUse('one format', `--${format} and --${other}`)
  return format ?? null
}

/** Returns a table in a format, without a newline at its end. */
export function formatted(table: Exportable, format: TableFormat, options: TableOptions = {}): string {
  if (format === 'csv') return toCsv(table).trimEnd()
  return (format === 'latex' ? toLatex(table, options) : toMarkdown(table, options)).trimEnd()
}
