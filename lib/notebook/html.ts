import { cellText, type TableData } from './table.js'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as HTML that shows just this text, in elements and in attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char]!)
}

/** Rows beyond this many are not put into a notebook. */
export const MAX_ROWS = 100

/** A table as HTML: numbers to the right, every piece of data escaped; what is left out is said below. */
export function tableHtml({ columns, rows }: TableData): string {
  const align = (numeric: boolean): string => ` style="text-align: ${numeric ? 'right' : 'left'}"`
  const head = columns.map((column) => `<th${align(column.numeric)}>${escapeHtml(column.name)}</th>`).join('')
  const body = rows.slice(0, MAX_ROWS).map((row) => {
    const cells = columns.map((column, i) => `<td${align(column.numeric)}>${escapeHtml(cellText(row[i], column))}</td>`)
    return `<tr>${cells.join('')}</tr>`
  })
  const more = rows.length > MAX_ROWS ? `<p>${rows.length} rows, the first ${MAX_ROWS} shown.</p>` : ''
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table>${more}`
}
