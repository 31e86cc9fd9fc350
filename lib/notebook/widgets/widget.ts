import { inspect } from 'node:util'
import { type Content, currentHost, type MimeBundle } from '../host.js'
import { labelOf, labelState } from './label.js'
import { Model } from './model.js'
import { widgetHtml } from './picture.js'
import { registry } from './registry.js'

/** The key of an object's display method, shared by notebook kernels of several languages. */
export const DISPLAY = Symbol.for('Jupyter.display')

/** The key of the method that receives the display id under which a value is shown. */
const SHOWN_AS = Symbol.for('recurlab.shownAs')

const VIEW_MIME = 'application/vnd.jupyter.widget-view+json'

/** Options of every widget. */
export interface WidgetOptions {
  /** Label beside the widget; none by default. */
  readonly label?: string
  /** Text shown under the pointer. */
  readonly tooltip?: string
  /** Whether the user cannot change it. Default: false. */
  readonly disabled?: boolean
}

/** The traits of {@link WidgetOptions} in the front end. */
export function commonState({ label = '', tooltip = '', disabled = false }: WidgetOptions): Content {
  return { ...labelState(label, tooltip), tooltip, disabled, style: wideLabels }
}

/** Labels as wide as their text. */
const wideLabels = new Model('DescriptionStyleModel', 'StyleView', { description_width: 'initial' })

/** A widget, shown as the last value of a cell and by `show`. */
export abstract class Widget {
  /** Its model in the front end. */
  readonly model: Model
  readonly #shown = new Map<string, string>()

  constructor(model: Model) {
    this.model = model
  }

  /** Label beside the widget. */
  get label(): string {
    const { model } = this
    return labelOf({
      description: model.get('description'),
      description_allow_html: model.get('description_allow_html'),
    })
  }

  set label(label: string) {
    const tooltip = this.model.get('description_allow_html') === true ? String(this.model.get('tooltip')) : ''
    this.model.set(labelState(String(label), tooltip))
  }

  /** Whether the user cannot change it. */
  get disabled(): boolean {
    return this.model.get('disabled') === true
  }

  set disabled(disabled: boolean) {
    this.model.set({ disabled: Boolean(disabled) })
  }

  /** Removes the widget from the notebook; its value stays. */
  close(): void {
    this.#shown.clear()
    registry().shown.delete(this)
    this.model.close()
  }

  /** Returns the widget in one line, e.g. `slider lr = 0.001`. */
  abstract toString(): string

  [inspect.custom](): string {
    return this.toString()
  }

  /** Returns the widget for front ends with widgets, and a picture of its current state for others. */
  [DISPLAY](): MimeBundle {
    const id = this.model.open()
    const view = id === null ? {} : { [VIEW_MIME]: { version_major: 2, version_minor: 0, model_id: id } }
    return { ...view, 'text/html': widgetHtml(this.model.tree()), 'text/plain': this.toString() }
  }

  /** Keeps the picture under a display id up to date, for readers of the saved notebook. */
  [SHOWN_AS](id: string): void {
    this.#shown.set(id, widgetHtml(this.model.tree()))
    registry().shown.add(this)
    currentHost()?.atCellEnd('widgets', updatePictures)
  }

  /** Sends the pictures that are out of date. */
  updatePictures(): void {
    const now = widgetHtml(this.model.tree())
    for (const [id, before] of this.#shown) {
      if (before === now) continue
      this.#shown.set(id, now)
      currentHost()?.update(this[DISPLAY](), id)
    }
  }
}

/**
 * Runs at the end of a cell, not while the user operates a widget: a new picture also makes the front end redraw the
 * widget, under the user's hand.
 */
function updatePictures(): void {
  const widgets = registry()
  if (!widgets.changed) return
  widgets.changed = false
  for (const widget of widgets.shown) widget.updatePictures()
}
