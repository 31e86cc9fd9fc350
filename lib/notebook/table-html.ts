import { escapeHtml } from './html.js'
import { cellText, leftOut, type TableData } from './table.js'

/** A table as HTML: numbers to the right, every piece of data escaped; what is left out is said below. */
export function tableHtml(table: TableData): string {
  const { columns, rows } = table
  const align = (numeric: boolean): string => ` style="text-align: ${numeric ? 'right' : 'left'}"`
  const head = columns.map((column) => `<th${align(column.numeric)}>${escapeHtml(column.name)}</th>`).join('')
  const body = rows.map((row) => {
    const cells = columns.map((column, i) => `<td${align(column.numeric)}>${escapeHtml(cellText(row[i], column))}</td>`)
    return `<tr>${cells.join('')}</tr>`
  })
  const more = leftOut(table)
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table>${more && `<p>${more}</p>`}`
}
