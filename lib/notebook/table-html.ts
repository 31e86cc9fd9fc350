import { escapeHtml, NO_FORMULAS } from '../escape/html.js'
import { cellText, leftOut, type TableData } from './table.js'

/** CSS classes of a table, of which the first distinguishes it from other HTML. */
export const TABLE_CLASS = `recurlab-table ${NO_FORMULAS}`

/**
 * Returns a table as HTML: numbers right-aligned, all data escaped, and below it a note on omitted rows and columns.
 */
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

/** Used in a headless run, or without a live kernel. */
const HOW = 'Run the cell in JupyterLab to page through all of them and to sort; saveTable saves them to a file.'
