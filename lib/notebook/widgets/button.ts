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
   * Calls back when it is clicked. What the callback prints or throws is shown under the cell that has given it.
   *
   * @returns ends it
   */
  onClick(callback: () => unknown): () => void {
    const bound = boundToCell(callback)
    this.#callbacks.add(bound)
    return () => this.#callbacks.delete(bound)
  }

  /** Does what a click does, unless it is disabled. */
  click(): void {
    if (!this.disabled) for (const callback of [...this.#callbacks]) callback()
  }

  toString(): string {
    return `button ${this.label}`
  }
}

/**
 * A button.
 *
 * @param onClick called with every click, after the running cell
 */
export function button(label: string, onClick?: () => unknown, options: Omit<WidgetOptions, 'label'> = {}): Button {
  const made = new Button(label, options)
  if (onClick) made.onClick(onClick)
  return made
}
