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
  /** Values to begin with; the others take their defaults. */
  readonly initial?: Partial<z.input<S>>
}

/** A panel of controls with one checked value; see {@link controls}. */
export class Controls<T extends object> extends Widget {
  readonly #schema: z.ZodObject
  readonly #fields: ReadonlyMap<string, Field>
  /** The keys that are not shown. */
  #rest: Readonly<Record<string, unknown>>
  readonly #note: Label | null
  readonly #message = new Label('')
  readonly #callbacks = new Set<(value: T) => void>()
  #value: T
  /** While code sets several controls, there is one change. */
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
      // A box to tick stands below the other controls, not below their labels.
      model.set(model.get('indent') === undefined ? { style } : { style, indent: true })
      field.onChange(() => this.#check())
    }
    this.#arrange()
  }

  /**
   * The checked values, those of keys that are not shown included. What is set may be some of them.
   *
   * @throws UserError where what is set does not pass the schema.
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
   * Calls back with every new value that passes the schema. What the callback prints or throws is shown under the cell
   * that has called `onChange`.
   *
   * @returns ends it
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

  /** Takes over what the user has set, all of it, once all of it is right. */
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
      // Set again by a callback, which has told everybody.
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
 * A panel of controls for a zod schema: sliders for numbers between bounds (logarithmic where they are far apart), fields
 * for other numbers and texts, boxes to tick, lists of choices. Its value always passes the schema; what the user has set
 * and does not pass is explained in the panel, and not taken over.
 *
 * @example
 * const panel = ui.controls(configSchema, { keys: ['lr', 'hidden', 'mixer'] })
 * await train(panel.value)
 * @throws UserError for an unknown key, and where a key that cannot be shown has neither a default nor an initial value.
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

/** What a key begins with: the initial value, else the default, else undefined. */
function startOf(key: string, type: z.ZodType, initial: object | undefined): unknown {
  const given = initial && Object.hasOwn(initial, key) ? (initial as Record<string, unknown>)[key] : undefined
  const parsed = type.safeParse(given)
  // What is wrong in the initial values is said when all of them are checked.
  return parsed.success ? parsed.data : undefined
}

/** What the controls say; a key that is left out is not among it. */
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
    todo: near ? `Did you mean ${near}?` : `There are ${known.join(', ')}.`,
  })
}
