import { escapeMarkdown, escapeParagraph } from '../escape/markdown.js'
import type { Exportable } from './export.js'
import { type PrintedCell, type PrintedRow, printedTable, printedText, type TableOptions } from './printed-table.js'

/**
 * Returns a table as Markdown with pipes, as GitHub and Jupyter read it. Rounding, bold and notes are those of
 * {@link printedTable}; an empty row sets reported rows apart. Names are escaped, so that they cannot be read as markup.
 *
 * @param table rows, an Arrow table or an arquero table; cells may be estimates
 * @throws UserError for a table without rows, or an unknown column.
 */
export function toMarkdown(table: Exportable, options: TableOptions = {}): string {
  const { columns, measured, reported, caption, notes } = printedTable(table, options)
  const row = ({ cells, mark }: PrintedRow): string => {
    const texts = cells.map(markdownCell)
    if (mark !== null) texts[0] += `<sup>${mark}</sup>`
    return lineOf(texts)
  }
  const lines = [
    lineOf(columns.map(({ title }) => escapeMarkdown(title))),
    lineOf(columns.map(({ numeric }) => (numeric ? '---:' : '---'))),
    ...measured.map(row),
    ...(measured.length > 0 && reported.length > 0
      ? [lineOf(columns.map((_, i) => (i === 0 ? '*reported*' : '')))]
      : []),
    ...reported.map(row),
  ]
  const below = notes.map(({ mark, text }) => (mark === null ? '' : `<sup>${mark}</sup> `) + escapeMarkdown(text))
  return `${[
    ...(caption === null ? [] : [escapeParagraph(caption.replace(/\s+/g, ' ')), '']),
    ...lines,
    ...(below.length === 0 ? [] : ['', below.join(' ')]),
  ].join('\n')}\n`
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function markdownCell(cell: PrintedCell): string {
  const text = escapeMarkdown(printedText(cell))
  return cell.kind === 'number' && cell.best ? `**${text}**` : text
}
