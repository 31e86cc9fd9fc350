import { escapeHtml } from '../../escape/html.js'
import { PLAYER_CLASS } from '../../plot/player/page.js'
import type { Content } from '../host.js'
import type { Cell, CellOutput, Notebook } from '../notebook.js'
import { TABLE_CLASS } from '../table-html.js'
import type { ModelTree } from './model.js'
import { widgetHtml } from './picture.js'

const VIEW_MIME = 'application/vnd.jupyter.widget-view+json'
const STATE_MIME = 'application/vnd.jupyter.widget-state+json'
const REFERENCE = 'IPY_MODEL_'

/** Maximum widgets drawn in one output: boxes that share boxes could grow without bound. */
const MOST = 2000

/**
 * Returns a notebook with pictures in place of widgets: from the states that the front end saved with it, else the picture
 * that was sent last.
 */
export function withWidgetPictures(notebook: Notebook): Notebook {
  const { widgets, ...metadata } = notebook.metadata
  const states = statesOf(widgets)
  return { ...notebook, metadata, cells: notebook.cells.map((cell) => withPictures(cell, states)) }
}

/**
 * Returns an executed notebook for storage: its kernel has ended, so pictures replace its widgets, and in place of their
 * states is the content that JupyterLab writes if there are none.
 */
export function withoutLiveWidgets(notebook: Notebook): Notebook {
  const shown = withWidgetPictures(notebook)
  const widgets = { [STATE_MIME]: { state: {}, version_major: 2, version_minor: 0 } }
  return { ...shown, metadata: { ...shown.metadata, widgets } }
}

function withPictures(cell: Cell, states: Content): Cell {
  if (!cell.outputs) return cell
  return { ...cell, outputs: cell.outputs.map((output) => withPicture(output, states)) }
}

function withPicture(output: CellOutput, states: Content): CellOutput {
  if (!isRecord(output.data) || !Object.hasOwn(output.data, VIEW_MIME)) return output
  const { [VIEW_MIME]: view, ...data } = output.data
  // A table is more readable than the columns and buttons of its widget, and a player plays without the kernel.
  const html = textOf(data['text/html'])
  if ([`<table class="${TABLE_CLASS}"`, `<div class="${PLAYER_CLASS}"`].some((start) => html.startsWith(start)))
    return { ...output, data }
  const tree =
    isRecord(view) && typeof view.model_id === 'string' ? treeOf(view.model_id, states, [], { left: MOST }) : null
  return { ...output, data: tree === null ? withHtml(data) : { ...data, 'text/html': widgetHtml(tree) } }
}

/** The HTML of another kernel's widget is shown unchanged. */
function withHtml(data: Content): Content {
  if (data['text/html'] !== undefined) return data
  return { ...data, 'text/html': `<pre>${escapeHtml(textOf(data['text/plain']) || 'widget')}</pre>` }
}

function textOf(text: unknown): string {
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : ''
}

/** Returns null if the state was not saved. A box nested in itself is omitted there. */
function treeOf(id: string, states: Content, above: readonly string[], room: { left: number }): ModelTree | null {
  const saved = Object.hasOwn(states, id) ? states[id] : undefined
  if (above.includes(id) || !isRecord(saved) || !isRecord(saved.state) || room.left-- <= 0) return null
  const name = saved.model_name ?? saved.state._model_name
  const children: readonly unknown[] = Array.isArray(saved.state.children) ? saved.state.children : []
  return {
    name: typeof name === 'string' ? name : '',
    state: saved.state,
    children: children.flatMap((child) => {
      if (typeof child !== 'string' || !child.startsWith(REFERENCE)) return []
      const tree = treeOf(child.slice(REFERENCE.length), states, [...above, id], room)
      return tree === null ? [] : [tree]
    }),
  }
}

function statesOf(widgets: unknown): Content {
  const saved = isRecord(widgets) ? widgets[STATE_MIME] : undefined
  return isRecord(saved) && isRecord(saved.state) ? saved.state : {}
}

function isRecord(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
