import { inspect } from 'node:util'
import { type Content, currentHost } from '../host.js'
import { Model, type Taken } from './model.js'
import { commonState, Widget, type WidgetOptions } from './widget.js'

/** How values and the front end's state belong together. */
export interface Codec<T> {
  /** The trait that holds the value. */
  readonly trait: 'value' | 'index'
  /** A value as it is kept. @throws UserError where it is none. */
  check(value: T): T
  /** The front end's form of a value. */
  write(value: T): unknown
  /**
   * The value in what the front end sends, or null where it holds none. Where the front end is to show something else
   * than it sent, `trait` is that.
   */
  read(sent: unknown, current: T): { readonly value: T; readonly trait: unknown } | null
}

/** A callback that is told a new value; a promise that it returns may fail too. */
export type ChangeCallback<T> = (value: T) => unknown

/** A widget with a value that the user and the code can change. */
export class ValueWidget<T> extends Widget {
  readonly #kind: string
  readonly #codec: Codec<T>
  readonly #callbacks = new Set<(value: T) => void>()
  #value: T

  /**
   * @param kind what it is called, e.g. `slider`
   * @param names the front end's names of model and view
   * @param state the front end's state, the value aside
   */
  constructor(
    kind: string,
    names: { readonly model: string; readonly view: string },
    options: WidgetOptions,
    state: Content,
    codec: Codec<T>,
    value: T,
  ) {
    const checked = codec.check(value)
    super(
      new Model(
        names.model,
        names.view,
        { ...commonState(options), ...state, [codec.trait]: codec.write(checked) },
        { changed: (sent) => this.#sent(sent) },
      ),
    )
    this.#kind = kind
    this.#codec = codec
    this.#value = checked
  }

  /** The present value. Setting it changes what is shown. @throws UserError where it is out of range. */
  get value(): T {
    return this.#value
  }

  set value(value: T) {
    const checked = this.#codec.check(value)
    if (Object.is(checked, this.#value)) return
    this.#value = checked
    this.model.set({ [this.#codec.trait]: this.#codec.write(checked) })
    this.#tell()
  }

  /**
   * Calls back with every new value, whether the user or the code has set it. What the callback prints or throws is
   * shown under the cell that has called `onChange`.
   *
   * @returns ends it
   */
  onChange(callback: ChangeCallback<T>): () => void {
    const bound = boundToCell(callback)
    this.#callbacks.add(bound)
    return () => this.#callbacks.delete(bound)
  }

  toString(): string {
    return `${this.#kind}${this.label ? ` ${this.label}` : ''} = ${inspect(this.#value)}`
  }

  #sent(state: Content): Taken | null {
    const { trait } = this.#codec
    const read = Object.hasOwn(state, trait) ? this.#codec.read(state[trait], this.#value) : null
    if (read === null) return null
    const other = !Object.is(read.value, this.#value)
    this.#value = read.value
    return { state: { [trait]: read.trait }, tell: () => other && this.#tell() }
  }

  #tell(): void {
    const value = this.#value
    for (const callback of [...this.#callbacks]) {
      // Set again by a callback, which has told everybody.
      if (!Object.is(this.#value, value)) return
      callback(value)
    }
  }
}

/**
 * A callback that prints and throws under the cell that gave it. In a plain terminal what it throws is an unhandled
 * rejection: whoever has changed a value is not to be stopped by it.
 */
export function boundToCell<A extends unknown[]>(callback: (...args: A) => unknown): (...args: A) => void {
  const host = currentHost()
  return host ? host.forFrontEnd(callback) : (...args) => void (async () => callback(...args))()
}
