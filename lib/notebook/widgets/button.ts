import { Model } from './model.js'
import { boundToCell } from './value.js'
import { Widget, type WidgetOptions } from './widget.js'

/** A button; see {@link button}. */
export class Button extends Widget {
  readonly #callbacks = new Set<() => void>()

  constructor(label: string, { tooltip, disabled = false }: Omit<WidgetOptions, 'label'> = {}) {
    super(
      new Model(
        'ButtonModel',
        'ButtonView',
        { description: label, tooltip: tooltip ?? null, disabled, button_style: '', icon: '' },
        { custom: (content) => content.event === 'click' && this.click() },
      ),
    )
  }

  /**
   * Calls back on a click. The callback's output and errors are shown under the cell that registered it.
   *
   * @returns a function that removes the callback
   */
  onClick(callback: () => unknown): () => void {
    const bound = boundToCell(callback)
    this.#callbacks.add(bound)
    return () => this.#callbacks.delete(bound)
  }

  /** Acts as a click, unless the button is disabled. */
  click(): void {
    if (!this.disabled) for (const callback of [...this.#callbacks]) callback()
  }

  toString(): string {
    return `button ${this.label}`
  }
}

/**
 * Returns a button.
 *
 * @param onClick called on every click, after the running cell
 */
export function button(label: string, onClick?: () => unknown, options: Omit<WidgetOptions, 'label'> = {}): Button {
  const made = new Button(label, options)
  if (onClick) made.onClick(onClick)
  return made
}
