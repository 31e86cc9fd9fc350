import { escapeHtml } from './html.js'
import { cellText, leftOut, type TableData } from './table.js'

/** By this class a table is told from other HTML. */
export const TABLE_CLASS = 'recurlab-table'

/** A table as HTML: numbers to the right, every piece of data escaped; what is left out, and how to see it, is said below. */
export function tableHtml(table: TableData): string {
  const { columns, rows } = table
  const align = (numeric: boolean): string => ` style="text-align: ${numeric ? 'right' : 'left'}"`
  const head = columns.map((column) => `<th${align(column.numeric)}>${escapeHtml(column.name)}</th>`).join('')
  const body = rows.map((row) => {
    const cells = columns.map((column, i) => `<td${align(column.numeric)}>${escapeHtml(cellText(row[i], column))}</td>`)
    return `<tr>${cells.join('')}</tr>`
  })
  const more = [leftOut(table), table.rowCount > rows.length ? HOW : ''].filter(Boolean).join(' ')
  return `<table class="${TABLE_CLASS}">\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table>${more && `<p>${more}</p>`}`
}

/** Where nobody answers, or the table is of a headless run. */
const HOW = 'Run the cell in JupyterLab to page through all of them and to sort; saveTable keeps them in a file.'
