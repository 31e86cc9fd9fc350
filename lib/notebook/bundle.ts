import { inspect } from 'node:util'
import { type Figure, isFigure } from '../plot/figure.js'
import { Picture } from '../plot/picture.js'
import { formatTable } from '../results/text.js'
import type { MimeBundle } from './host.js'
import { MAX_ROWS, tableHtml } from './html.js'
import { isTableLike, type TableData, tableData, tableObjects } from './table.js'

/** MIME type of a figure for JupyterLab's plotly renderer. */
export const PLOTLY_MIME = 'application/vnd.plotly.v1+json'

/** The forms of a value that need no drawing: figures as plotly JSON, pictures as SVG, tables as HTML, all as text. */
export function bundleOf(value: unknown): MimeBundle {
  if (isFigure(value)) return { [PLOTLY_MIME]: plotlyJson(value), 'text/plain': figureText(value) }
  if (value instanceof Picture) return { 'image/svg+xml': value.svg, 'text/plain': value.text }
  if (isTableLike(value)) {
    const table = tableData(value)
    return { 'text/html': tableHtml(table), 'text/plain': tableText(table) }
  }
  return { 'text/plain': typeof value === 'string' ? value : inspect(value) }
}

function plotlyJson(figure: Figure): Record<string, unknown> {
  return { data: figure.data, layout: figure.layout, config: { displaylogo: false, responsive: true } }
}

function tableText(table: TableData): string {
  const shown = { columns: table.columns, rows: table.rows.slice(0, MAX_ROWS) }
  const text = formatTable(tableObjects(shown), { columns: table.columns.map((column) => column.name) })
  return table.rows.length > MAX_ROWS ? `${text}\n${table.rows.length} rows, the first ${MAX_ROWS} shown.` : text
}

/** A figure in words: its title, and of every trace the name, the number of points and the last value. */
function figureText({ data, layout }: Figure): string {
  const title = textOf(layout.title)
  const lines = data.filter((trace) => trace.showlegend !== false).map((trace) => `  ${traceText(trace)}`)
  return [`Figure${title ? `: ${title}` : ''}`, ...lines].join('\n')
}

function traceText(trace: Readonly<Record<string, unknown>>): string {
  const y = Array.isArray(trace.y) ? trace.y : []
  const name = typeof trace.name === 'string' ? plain(trace.name) : String(trace.type ?? 'trace')
  const last: unknown = y.at(-1)
  return `${name}: ${y.length} points${typeof last === 'number' ? `, last ${Number(last.toPrecision(4))}` : ''}`
}

function textOf(title: unknown): string {
  if (typeof title === 'string') return plain(title)
  const text = typeof title === 'object' && title !== null ? (title as { text?: unknown }).text : undefined
  return typeof text === 'string' ? plain(text) : ''
}

function plain(label: string): string {
  return label.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')
}
