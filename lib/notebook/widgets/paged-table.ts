import { escapeHtml, NO_FORMULAS } from '../../escape/html.js'
import type { Content, MimeBundle } from '../host.js'
import { cellText, grouped, type TableData, type TableSource, tablePage } from '../table.js'
import { type Direction, sortedRows } from '../table-order.js'
import { Model } from './model.js'
import { DISPLAY, Widget } from './widget.js'

/** Rows of a page, which fit in a window. */
export const PAGE_ROWS = 25

const ROW_PIXELS = 24
const CELL =
  `height: ${ROW_PIXELS}px; line-height: ${ROW_PIXELS}px; padding: 0 10px; max-width: 30em; overflow: hidden; ` +
  'text-overflow: ellipsis; white-space: nowrap; font-variant-numeric: tabular-nums'
/** Visible on light and on dark. */
const STRIPE = 'background: rgba(128, 128, 128, 0.14)'

const SIGNS: Readonly<Record<Direction, string>> = { up: '▲', down: '▼' }

/** Maximum number of tables that respond; the oldest release their rows. */
const MOST_HELD = 40

/** A global key: a reloaded instance of this module must count the tables of the former one. */
const KEY = Symbol.for('recurlab.pagedTables')

/**
 * A long table in pages: a click on a column's name sorts by it, in ascending, descending and original order. Only the
 * shown page is sent.
 */
export class PagedTable extends Widget {
  #source: TableSource | null
  /** The table for a front end without widgets, and in the saved notebook. */
  readonly #saved: MimeBundle
  readonly #heads: readonly Model[]
  readonly #cells: readonly Model[]
  readonly #foot: readonly Model[]
  readonly #words = new Model('HTMLModel', 'HTMLView', { value: '', tooltip: '' })
  /** The text of {@link #words}. */
  #said = ''
  #order: ArrayLike<number> | null = null
  #sorted: { readonly column: number; readonly direction: Direction } | null = null
  #page = 0

  /** @param saved the table's display without a notebook kernel */
  constructor(source: TableSource, saved: MimeBundle) {
    super(new Model('VBoxModel', 'VBoxView', { children: [], tooltip: '' }))
    this.#source = source
    this.#saved = saved
    this.#heads = source.names.map((name, column) =>
      button(name, `Sort by ${name}`, { margin: '0', width: 'auto', height: '28px' }, () => this.sort(column)),
    )
    this.#cells = source.names.map(
      () => new Model('HTMLModel', 'HTMLView', { value: '', layout: layout({ margin: '0' }) }),
    )
    const step = (words: string, tooltip: string, to: () => number): Model =>
      button(words, tooltip, { width: 'auto' }, () => this.showPage(to()))
    this.#foot = [
      step('«', 'First page', () => 0),
      step('‹', 'Page before', () => this.#page - 1),
      step('›', 'Next page', () => this.#page + 1),
      step('»', 'Last page', () => Number.POSITIVE_INFINITY),
    ]
    const columns = this.#heads.map(
      (head, i) =>
        new Model('VBoxModel', 'VBoxView', { children: [head, this.#cells[i]], layout: layout({ flex: '0 0 auto' }) }),
    )
    const table = { children: columns, layout: layout({ overflow: 'auto', max_width: '100%' }) }
    this.model.set({
      children: [
        new Model('HBoxModel', 'HBoxView', table),
        new Model('HBoxModel', 'HBoxView', { children: [...this.#foot, this.#words] }),
      ],
    })
    hold(this)
    this.#draw()
  }

  /** Shows a page, counted from 0; out of range, the first or the last. */
  showPage(page: number): void {
    if (this.#source === null) return
    this.#page = Math.max(0, Math.min(page, this.#pages() - 1))
    this.#draw()
  }

  /** Sorts by a column: ascending, then descending, then in original order; then shows the first page. */
  sort(column: number): void {
    if (this.#source === null) return
    const before = this.#sorted?.column === column ? this.#sorted.direction : null
    this.#sorted = before === 'down' ? null : { column, direction: before === null ? 'up' : 'down' }
    this.#order = this.#sorted && sortedRows(this.#source, column, this.#sorted.direction)
    this.showPage(0)
  }

  /** Releases the rows; the shown page stays. */
  release(): void {
    this.#source = null
    this.#order = null
    for (const model of [...this.#heads, ...this.#foot]) model.set({ disabled: true })
    this.#say(`${this.#said} · Run the cell again to continue.`)
  }

  toString(): string {
    return String(this.#saved['text/plain'])
  }

  /** Returns the widget for a front end with widgets, and the first rows for others and for the saved notebook. */
  override [DISPLAY](): MimeBundle {
    const view = super[DISPLAY]()
    return { ...view, ...this.#saved }
  }

  #pages(): number {
    return Math.max(1, Math.ceil((this.#source?.rowCount ?? 0) / PAGE_ROWS))
  }

  #draw(): void {
    const source = this.#source
    if (source === null) return
    const first = this.#page * PAGE_ROWS
    const end = Math.min(source.rowCount, first + PAGE_ROWS)
    const places = Array.from({ length: end - first }, (_, i) => this.#order?.[first + i] ?? first + i)
    const page = tablePage(source, places)
    for (const [i, model] of this.#cells.entries()) change(model, { value: columnHtml(page, i) })
    for (const [i, model] of this.#heads.entries()) {
      const sign = this.#sorted?.column === i ? ` ${SIGNS[this.#sorted.direction]}` : ''
      change(model, { description: `${source.names[i]}${sign}` })
    }
    const [toFirst, back, on, toLast] = this.#foot
    for (const model of [toFirst!, back!]) change(model, { disabled: this.#page === 0 })
    for (const model of [on!, toLast!]) change(model, { disabled: this.#page === this.#pages() - 1 })
    this.#say(this.#describe(first + 1, end, source))
  }

  #say(text: string): void {
    this.#said = text
    change(this.#words, { value: `<span class="${NO_FORMULAS}">${escapeHtml(text)}</span>` })
  }

  #describe(first: number, last: number, { rowCount, columnCount, names }: TableSource): string {
    const { column, direction } = this.#sorted ?? { column: -1, direction: 'up' }
    return [
      `Rows ${grouped(first)}–${grouped(last)} of ${grouped(rowCount)}`,
      ...(columnCount > names.length ? [`columns 1–${names.length} of ${grouped(columnCount)}`] : []),
      ...(column < 0 ? [] : [`by ${names[column]} ${SIGNS[direction]}`]),
    ].join(' · ')
  }
}

/** Sends only changed values. */
function change(model: Model, state: Content): void {
  const news = Object.entries(state).filter(([key, value]) => model.get(key) !== value)
  if (news.length > 0) model.set(Object.fromEntries(news))
}

function button(words: string, tooltip: string, box: Content, click: () => void): Model {
  return new Model(
    'ButtonModel',
    'ButtonView',
    {
      description: words,
      tooltip,
      disabled: false,
      button_style: '',
      icon: '',
      style: headStyle(),
      layout: layout(box),
    },
    { custom: (content) => content.event === 'click' && click() },
  )
}

function headStyle(): Model {
  return new Model('ButtonStyleModel', 'StyleView', { font_weight: 'bold' })
}

function layout(box: Content): Model {
  return new Model('LayoutModel', 'LayoutView', box)
}

/** Returns the cells of one table column, each as high as its neighbours. */
function columnHtml({ columns, rows }: TableData, i: number): string {
  const column = columns[i]!
  const align = `text-align: ${column.numeric ? 'right' : 'left'}`
  const cells = rows.map((row, place) => {
    const text = escapeHtml(cellText(row[i], column))
    return `<div class="${NO_FORMULAS}" style="${[CELL, align, ...(place % 2 === 0 ? [STRIPE] : [])].join('; ')}" title="${text}">${text}</div>`
  })
  return cells.join('')
}

function hold(table: PagedTable): void {
  const holder = globalThis as { [KEY]?: PagedTable[] }
  holder[KEY] ??= []
  holder[KEY].push(table)
  if (holder[KEY].length > MOST_HELD) holder[KEY].shift()!.release()
}
