import { UserError } from '../../errors.js'
import { escapeHtml } from '../../escape/html.js'
import type { Figure } from '../../plot/figure.js'
import { renderFigure } from '../../plot/static.js'
import type { Exportable } from '../../results/export.js'
import {
  type PrintedCell,
  type PrintedRow,
  printedTable,
  printedText,
  type TableOptions,
} from '../../results/printed-table.js'

/** A part of a report: HTML below a heading. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly html: string
}

/** Returns text as a paragraph for each of its lines. */
export function paragraphs(text: string, attributes = ''): string {
  return text
    .split(/\n+/)
    .filter((line) => line.trim() !== '')
    .map((line) => `<p${attributes}>${escapeHtml(line)}</p>`)
    .join('\n')
}

/** Returns sentences as a list; empty without one. */
export function list(items: readonly string[]): string {
  if (items.length === 0) return ''
  return `<ul>\n${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}\n</ul>`
}

/** Largest number of rows of a table that a printed page does not cut. */
const UNCUT = 20

/** Returns a table as HTML, with the rounding, bold and notes of {@link printedTable}; a sentence without rows. */
export function table(rows: Exportable, options: TableOptions = {}): string {
  if (Array.isArray(rows) && rows.length === 0) return '<p>None yet.</p>'
  const { columns, measured, reported, caption, notes } = printedTable(rows, options)
  const all = [...measured, ...reported]
  const align = (i: number): string => (columns[i]!.numeric ? ' class="n"' : '')
  const row = ({ cells, mark }: PrintedRow): string =>
    `<tr>${cells.map((cell, i) => `<td${align(i)}>${cellHtml(cell)}${i === 0 && mark ? `<sup>${mark}</sup>` : ''}</td>`).join('')}</tr>`
  const body = (of: readonly PrintedRow[]): string =>
    of.length > 0 ? `<tbody>\n${of.map(row).join('\n')}\n</tbody>` : ''
  const below = notes.map(({ mark, text }) => `${mark ? `<sup>${mark}</sup> ` : ''}${escapeHtml(text)}`).join(' ')
  return [
    `<div class="table${all.length <= UNCUT ? ' uncut' : ''}"><table>`,
    caption === null ? '' : `<caption>${escapeHtml(caption)}</caption>`,
    `<thead><tr>${columns.map(({ title }, i) => `<th${align(i)}>${escapeHtml(title)}</th>`).join('')}</tr></thead>`,
    body(measured),
    body(reported),
    '</table></div>',
    below === '' ? '' : `<p class="notes">${below}</p>`,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function cellHtml(cell: PrintedCell): string {
  const text = escapeHtml(printedText(cell))
  return cell.kind === 'number' && cell.best ? `<b>${text}</b>` : text
}

/** Returns a drawing with its caption. */
export function captioned(svg: string, caption: string): string {
  return `<figure>\n${svg}\n<figcaption>${escapeHtml(caption)}</figcaption>\n</figure>`
}

/** Returns a figure as SVG with its caption; a paragraph with the reason where it cannot be drawn. */
export async function drawn(make: () => Figure, caption: string): Promise<string> {
  try {
    return captioned(await renderFigure(make(), 'svg'), caption)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return `<p class="missing">${escapeHtml(`${caption}: ${error.message}`)}</p>`
  }
}
