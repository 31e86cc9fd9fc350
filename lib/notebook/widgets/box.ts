import { Model } from './model.js'
import { Label } from './text.js'
import { Widget } from './widget.js'

/** Widgets side by side or stacked; see {@link row} and {@link column}. */
export class Box extends Widget {
  readonly #children: readonly Widget[]
  readonly #between: string

  constructor(kind: 'HBox' | 'VBox', children: readonly (Widget | string)[]) {
    const widgets = children.map((child) => (typeof child === 'string' ? new Label(child) : child))
    super(new Model(`${kind}Model`, `${kind}View`, { children: widgets.map(({ model }) => model), tooltip: '' }))
    this.#children = widgets
    this.#between = kind === 'HBox' ? '   ' : '\n'
  }

  /** Whether the user can change none of its widgets. */
  override get disabled(): boolean {
    return this.#children.every((child) => child.disabled)
  }

  override set disabled(disabled: boolean) {
    for (const child of this.#children) child.disabled = disabled
  }

  toString(): string {
    return this.#children.map(String).join(this.#between)
  }
}

/** Returns widgets side by side; a text becomes a label. */
export function row(...children: readonly (Widget | string)[]): Box {
  return new Box('HBox', children)
}

/** Returns widgets stacked; a text becomes a label. */
export function column(...children: readonly (Widget | string)[]): Box {
  return new Box('VBox', children)
}
