import { inspect } from 'node:util'
import { type Content, currentHost } from '../host.js'
import { Model, type Taken } from './model.js'
import { commonState, Widget, type WidgetOptions } from './widget.js'

/** The conversion between values and the front end's state. */
export interface Codec<T> {
  /** The trait that holds the value. */
  readonly trait: 'value' | 'index'
  /** Returns a value as it is stored. @throws UserError if it is invalid. */
  check(value: T): T
  /** Returns the front end's form of a value. */
  write(value: T): unknown
  /**
   * Returns the value in a message of the front end, or null if it has none. `trait` is the value to show instead, if it
   * differs from the one sent.
   */
  read(sent: unknown, current: T): { readonly value: T; readonly trait: unknown } | null
}

/** A callback for a new value; a promise that it returns may reject. */
export type ChangeCallback<T> = (value: T) => unknown

/** A widget with a value that the user and the code can change. */
export class ValueWidget<T> extends Widget {
  readonly #kind: string
  readonly #codec: Codec<T>
  readonly #callbacks = new Set<(value: T) => void>()
  #value: T

  /**
   * @param kind its kind in messages, e.g. `slider`
   * @param names the front end's names of model and view
   * @param state the front end's state without the value
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

  /** The current value. Assigning it updates the display. @throws UserError if it is out of range. */
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
   * Calls back with every new value, set by the user or by code. The callback's output and errors are shown under the cell
   * that called `onChange`.
   *
   * @returns a function that removes the callback
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
      // A callback set a newer value, which has already notified everyone.
      if (!Object.is(this.#value, value)) return
      callback(value)
    }
  }
}

/**
 * Returns a callback that prints and throws under the cell that registered it. In a plain terminal its error is an
 * unhandled rejection, so that it does not stop the code that changed the value.
 */
export function boundToCell<A extends unknown[]>(callback: (...args: A) => unknown): (...args: A) => void {
  const host = currentHost()
  return host ? host.forFrontEnd(callback) : (...args) => void (async () => callback(...args))()
}
