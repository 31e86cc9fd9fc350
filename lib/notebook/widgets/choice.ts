import { inspect } from 'node:util'
import { UserError } from '../../errors.js'
import { ValueWidget } from './value.js'
import type { WidgetOptions } from './widget.js'

/** Options of {@link dropdown}. */
export interface DropdownOptions<T> extends WidgetOptions {
  /** One of the options. Default: the first. */
  readonly value?: NoInfer<T>
}

/** Options of {@link checkbox}. */
export interface CheckboxOptions extends WidgetOptions {
  /** Default: false. */
  readonly value?: boolean
}

/**
 * Returns a dropdown list to choose one option from.
 *
 * @param options the values, or an object of values by label
 * @example
 * const mixer = ui.dropdown(['mlp', 'attention'], { label: 'mixer' })
 * mixer.value // 'mlp' | 'attention'
 * @throws UserError if there are no options, or the value is not one of them.
 */
export function dropdown<const T>(
  options: readonly T[] | Readonly<Record<string, T>>,
  settings: DropdownOptions<T> = {},
): ValueWidget<T> {
  const where = settings.label ? `dropdown ${settings.label}` : 'dropdown'
  const listed: readonly (readonly [string, T])[] = isList(options)
    ? options.map((value) => [wordFor(value), value])
    : Object.entries(options)
  const values = listed.map(([, value]) => value)
  if (values.length === 0) throw new UserError({ where, expected: 'at least one option', found: 'none' })
  return new ValueWidget<T>(
    'dropdown',
    { model: 'DropdownModel', view: 'DropdownView' },
    settings,
    { _options_labels: listed.map(([label]) => label) },
    {
      trait: 'index',
      check: (value) => {
        if (values.includes(value)) return value
        const expected = `one of ${listed.map(([label]) => label).join(', ')}`
        throw new UserError({ where, expected, found: wordFor(value) })
      },
      write: (value) => values.indexOf(value),
      read: (sent) =>
        typeof sent === 'number' && Object.hasOwn(values, sent) ? { value: values[sent] as T, trait: sent } : null,
    },
    Object.hasOwn(settings, 'value') ? (settings.value as T) : values[0]!,
  )
}

/** Returns a checkbox. */
export function checkbox(options: CheckboxOptions = {}): ValueWidget<boolean> {
  return new ValueWidget<boolean>(
    'checkbox',
    { model: 'CheckboxModel', view: 'CheckboxView' },
    options,
    { indent: false },
    {
      trait: 'value',
      check: (value) => {
        if (typeof value === 'boolean') return value
        const where = options.label ? `checkbox ${options.label}` : 'checkbox'
        throw new UserError({ where, expected: 'true or false', found: wordFor(value) })
      },
      write: (value) => value,
      read: (sent) => (typeof sent === 'boolean' ? { value: sent, trait: sent } : null),
    },
    options.value ?? false,
  )
}

function isList<T>(options: readonly T[] | Readonly<Record<string, T>>): options is readonly T[] {
  return Array.isArray(options)
}

function wordFor(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
