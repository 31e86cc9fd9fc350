import { Model } from './model.js'
import { Label } from './text.js'
import { Widget } from './widget.js'

/** Widgets beside or below each other; see {@link row} and {@link column}. */
export class Box extends Widget {
  readonly #children: readonly Widget[]
  readonly #between: string

  constructor(kind: 'HBox' | 'VBox', children: readonly (Widget | string)[]) {
    const widgets = children.map((child) => (typeof child === 'string' ? new Label(child) : child))
    super(new Model(`${kind}Model`, `${kind}View`, { children: widgets.map(({ model }) => model), tooltip: '' }))
    this.#children = widgets
    this.#between = kind === 'HBox' ? '   ' : '\n'
  }

  /** Whether none of what is in it can be changed by the user. */
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

/** Widgets beside each other; a text becomes a label. */
export function row(...children: readonly (Widget | string)[]): Box {
  return new Box('HBox', children)
}

/** Widgets below each other; a text becomes a label. */
export function column(...children: readonly (Widget | string)[]): Box {
  return new Box('VBox', children)
}
