import type { z } from 'zod'
import { UserError } from '../../errors.js'
import { nearest } from '../../options/nearest.js'
import { describeIssue, parseOptions } from '../../options/options.js'
import { type Field, fieldFor } from './fields.js'
import { Model } from './model.js'
import { Label } from './text.js'
import { boundToCell, type ChangeCallback } from './value.js'
import { Widget } from './widget.js'

/** Options of {@link controls}. */
export interface ControlsOptions<S extends z.ZodObject> {
  /** The keys to show, in this order. Default: all. */
  readonly keys?: readonly (keyof z.output<S> & string)[]
  /** Initial values; the other keys take their defaults. */
  readonly initial?: Partial<z.input<S>>
}

/** A panel of controls with one checked value; see {@link controls}. */
export class Controls<T extends object> extends Widget {
  readonly #schema: z.ZodObject
  readonly #fields: ReadonlyMap<string, Field>
  /** Values of the keys that are not shown. */
  #rest: Readonly<Record<string, unknown>>
  readonly #note: Label | null
  readonly #message = new Label('')
  readonly #callbacks = new Set<(value: T) => void>()
  #value: T
  /** Whether code is setting several controls, which counts as one change. */
  #setting = false

  /** @param leftOut keys that cannot be shown */
  constructor(schema: z.ZodObject, fields: ReadonlyMap<string, Field>, leftOut: readonly string[], value: T) {
    super(new Model('VBoxModel', 'VBoxView', { children: [], tooltip: '' }))
    this.#schema = schema
    this.#fields = fields
    this.#rest = without(value, fields)
    this.#value = value
    this.#note = leftOut.length > 0 ? new Label(`Not in this panel: ${leftOut.join(', ')}.`) : null
    const longest = Math.max(0, ...[...fields.keys()].map((key) => key.length))
    const style = new Model('DescriptionStyleModel', 'StyleView', { description_width: `${longest + 1}ch` })
    for (const field of fields.values()) {
      const { model } = field.widget
      // A checkbox aligns with the other controls, not with their labels.
      model.set(model.get('indent') === undefined ? { style } : { style, indent: true })
      field.onChange(() => this.#check())
    }
    this.#arrange()
  }

  /**
   * The validated values, including those of keys that are not shown. Assigning a part of the keys is allowed.
   *
   * @throws UserError if an assigned value does not pass the schema.
   */
  get value(): T {
    return this.#value
  }

  set value(some: Partial<T>) {
    const next = parseOptions(this.#schema, { ...this.#rest, ...this.#read(), ...some }, 'the panel')
    const before = this.#value
    this.#setting = true
    try {
      this.#write(next)
    } catch (error) {
      this.#write(before)
      throw error
    } finally {
      this.#setting = false
    }
    this.#rest = without(next, this.#fields)
    this.#take(next as T)
  }

  /**
   * Calls back with every new value that passes the schema. The callback's output and errors are shown under the cell that
   * called `onChange`.
   *
   * @returns a function that removes the callback
   */
  onChange(callback: ChangeCallback<T>): () => void {
    const bound = boundToCell(callback)
    this.#callbacks.add(bound)
    return () => this.#callbacks.delete(bound)
  }

  override get disabled(): boolean {
    return [...this.#fields.values()].every(({ widget }) => widget.disabled)
  }

  override set disabled(disabled: boolean) {
    for (const { widget } of this.#fields.values()) widget.disabled = disabled
  }

  toString(): string {
    const lines: readonly Widget[] = [...this.#fields.values()].map(({ widget }) => widget)
    return [...lines, ...this.#words()].map(String).join('\n')
  }

  #read(): Record<string, unknown> {
    return readAll(this.#fields)
  }

  #write(value: object): void {
    for (const [key, field] of this.#fields) field.write((value as Record<string, unknown>)[key])
  }

  /** Accepts the user's changes, all of them, once all are valid. */
  #check(): void {
    if (this.#setting) return
    const parsed = this.#schema.safeParse({ ...this.#rest, ...this.#read() })
    if (parsed.success) this.#take(parsed.data as T)
    else this.#say(`⚠ ${parsed.error.issues.map(issueText).join(' ')}`)
  }

  #take(value: T): void {
    this.#say('')
    const before = this.#value
    this.#value = value
    if (JSON.stringify(before) === JSON.stringify(value)) return
    for (const callback of [...this.#callbacks]) {
      // A callback set a newer value, which has already notified everyone.
      if (this.#value !== value) return
      callback(value)
    }
  }

  #say(message: string): void {
    if (message === this.#message.value) return
    this.#message.value = message
    this.#arrange()
  }

  #arrange(): void {
    const widgets = [...[...this.#fields.values()].map(({ widget }) => widget as Widget), ...this.#words()]
    this.model.set({ children: widgets.map(({ model }) => model) })
  }

  #words(): readonly Label[] {
    return [...(this.#message.value === '' ? [] : [this.#message]), ...(this.#note ? [this.#note] : [])]
  }
}

/**
 * Returns a panel of controls for a zod schema: sliders for bounded numbers (logarithmic for wide ranges), fields for
 * other numbers and texts, checkboxes, dropdown lists. Its value always passes the schema; invalid input is explained
 * in the panel and ignored.
 *
 * @example
 * const panel = ui.controls(configSchema, { keys: ['lr', 'hidden', 'mixer'] })
 * await train(panel.value)
 * @throws UserError for an unknown key, or if a key that cannot be shown has neither a default nor an initial value.
 */
export function controls<S extends z.ZodObject>(
  schema: S,
  options: ControlsOptions<S> = {},
): Controls<z.output<S> & object> {
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>
  const keys = options.keys ?? Object.keys(shape)
  const fields = new Map<string, Field>()
  const leftOut: string[] = []
  for (const key of keys) {
    const type = Object.hasOwn(shape, key) ? shape[key] : undefined
    if (!type) throw unknownKey(key, Object.keys(shape))
    const field = fieldFor(key, type, startOf(key, type, options.initial))
    if (field) fields.set(key, field)
    else leftOut.push(key)
  }
  const value = parseOptions(schema, { ...readAll(fields), ...options.initial }, 'the panel')
  return new Controls(schema, fields, leftOut, value as z.output<S> & object)
}

/** Returns a key's first value: the initial value, else the default, else undefined. */
function startOf(key: string, type: z.ZodType, initial: object | undefined): unknown {
  const given = initial && Object.hasOwn(initial, key) ? (initial as Record<string, unknown>)[key] : undefined
  const parsed = type.safeParse(given)
  // Invalid initial values are reported when all of them are checked.
  return parsed.success ? parsed.data : undefined
}

/** Reads the values of the controls, without omitted keys. */
function readAll(fields: ReadonlyMap<string, Field>): Record<string, unknown> {
  const all = [...fields].map(([key, field]): [string, unknown] => [key, field.read()])
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}

function without(value: object, fields: ReadonlyMap<string, Field>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !fields.has(key)))
}

function issueText(issue: z.core.$ZodIssue): string {
  const key = issue.path.map(String).join('.')
  return issue.code === 'custom' ? issue.message : `${key ? `${key}: ` : ''}expected ${describeIssue(issue)}.`
}

function unknownKey(key: string, known: readonly string[]): UserError {
  const near = nearest(key, known)
  return new UserError({
    where: `key ${key}`,
    expected: 'a key of the schema',
    found: 'an unknown one',
    todo: near ? `Did you mean ${near}?` : `The keys are ${known.join(', ')}.`,
  })
}
