import { inspect } from 'node:util'
import { type Figure, isFigure, plainFigure } from '../plot/figure.js'
import { screenForm } from '../plot/forms.js'
import { plainLabel } from '../plot/sources.js'
import { formatTable } from '../results/text.js'
import { currentHost, type MimeBundle } from './host.js'
import {
  isArqueroTable,
  isArrowTable,
  isTableLike,
  leftOut,
  type TableData,
  type TableLike,
  tableData,
  tableObjects,
  tableSource,
} from './table.js'
import { tableHtml } from './table-html.js'
import { arrayBundle, isNumberArray, isTensor, tensorBundle } from './tensor.js'
import { PAGE_ROWS, PagedTable } from './widgets/paged-table.js'
import { DISPLAY } from './widgets/widget.js'

/** MIME type of a figure for JupyterLab's plotly renderer. */
export const PLOTLY_MIME = 'application/vnd.plotly.v1+json'

/**
 * A method of this name returns an object's display by MIME type, e.g. `{ 'text/html': '<b>1</b>' }`, synchronously. Other
 * JavaScript kernels use it too.
 */
export const JUPYTER_DISPLAY: unique symbol = Symbol.for('Jupyter.display') as never

/** Marks the handles that `show` returns, from any instance of the module. */
const SHOWN = Symbol.for('recurlab.shown')

/** Maximum length of an array that `inspect` prints in full, without statistics. */
const SHORT = 100

/**
 * Returns the display of a value without drawing: figures as plotly JSON, tables and tensors as HTML, everything as text
 * too.
 */
export function bundleOf(value: unknown): MimeBundle {
  const bundle = richBundle(value) ?? (isTableLike(value) ? tableBundle(tableData(value)) : null)
  return bundle ?? { 'text/plain': typeof value === 'string' ? value : inspect(value) }
}

/**
 * Returns the display of a value that is shown for the first time: as {@link bundleOf}, except that in a live notebook a
 * long table has pages and is sorted by a click.
 */
export function shownBundle(value: unknown): MimeBundle {
  return pagedBundle(value) ?? bundleOf(value)
}

/** Returns null unless the value is a long table. */
function pagedBundle(value: unknown): MimeBundle | null {
  if (currentHost()?.live !== true || !isTableLike(value) || ownForm(value) || rowCount(value) <= PAGE_ROWS) return null
  return new PagedTable(tableSource(value), tableBundle(tableData(value)))[DISPLAY]()
}

function rowCount(table: TableLike): number {
  if (isArrowTable(table)) return table.numRows
  return isArqueroTable(table) ? table.numRows() : table.length
}

/**
 * Returns the display of a cell's last value if it is more than text: like {@link bundleOf}, but arrays of objects are not
 * tables, and a value whose own display fails is text with the reason. Null for values that `inspect` prints.
 */
export function resultBundle(value: unknown): MimeBundle | null {
  try {
    if (isShown(value)) return null
    return (Array.isArray(value) ? null : pagedBundle(value)) ?? richBundle(value)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { 'text/plain': `${inspect(value)}\n(its own display failed: ${reason})` }
  }
}

/** Marks a handle to an output that is already shown. */
export function markShown<T extends object>(handle: T): T {
  return Object.defineProperty(handle, SHOWN, { value: true })
}

/** Returns whether a value is a handle of `show`: a cell that ends in one has no result to print. */
export function isShown(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { [SHOWN]?: unknown })[SHOWN] === true
}

function richBundle(value: unknown): MimeBundle | null {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return null
  const own = ownForm(value)
  if (own) return withText(own.call(value), value)
  if (isFigure(value)) return figureBundle(plainFigure(value))
  if (isTensor(value)) return tensorBundle(value)
  if (isArrowTable(value) || isArqueroTable(value)) return tableBundle(tableData(value))
  if (isNumberArray(value) && value.length > SHORT) return arrayBundle(value)
  return null
}

/** Returns an object's own display method. */
function ownForm(value: object): (() => unknown) | null {
  const own = (value as { [JUPYTER_DISPLAY]?: unknown })[JUPYTER_DISPLAY]
  return typeof own === 'function' ? (own as () => unknown) : null
}

/** Checks the result of an object's own display method, and adds a text form if it is missing. */
function withText(bundle: unknown, value: object): MimeBundle {
  const isBundle = typeof bundle === 'object' && bundle !== null && !Array.isArray(bundle)
  if (!isBundle || typeof (bundle as { then?: unknown }).then === 'function')
    throw new TypeError(`its method Jupyter.display must return an object keyed by MIME type, not ${inspect(bundle)}`)
  return 'text/plain' in bundle ? (bundle as MimeBundle) : { ...bundle, 'text/plain': inspect(value) }
}

function figureBundle(figure: Figure): MimeBundle {
  return { [PLOTLY_MIME]: plotlyJson(figure), 'text/plain': figureText(figure) }
}

function plotlyJson(figure: Figure): Record<string, unknown> {
  const { data, layout } = screenForm(figure)
  return { data, layout, config: { displaylogo: false, responsive: true } }
}

function tableBundle(table: TableData): MimeBundle {
  return { 'text/html': tableHtml(table), 'text/plain': tableText(table) }
}

function tableText(table: TableData): string {
  const text = formatTable(tableObjects(table), { columns: table.columns.map((column) => column.name) })
  return [text, leftOut(table)].filter(Boolean).join('\n')
}

/** Describes a figure: its title, and for each trace its name, number of points and last value. */
function figureText({ data, layout }: Figure): string {
  const title = plainLabel(layout.title)
  const lines = data.filter((trace) => trace.showlegend !== false).map((trace) => `  ${traceText(trace)}`)
  return [`Figure${title ? `: ${title}` : ''}`, ...lines].join('\n')
}

function traceText(trace: Readonly<Record<string, unknown>>): string {
  const name = typeof trace.name === 'string' ? plainLabel(trace.name) : String(trace.type ?? 'trace')
  const { z } = trace
  if (Array.isArray(z) && Array.isArray(z[0])) return `${name}: ${z.length} × ${z[0].length} values`
  const points = [trace.y, trace.x, trace.values].find((list) => Array.isArray(list)) ?? []
  const last: unknown = Array.isArray(trace.y) ? trace.y.at(-1) : undefined
  return `${name}: ${points.length} points${typeof last === 'number' ? `, last ${Number(last.toPrecision(4))}` : ''}`
}
