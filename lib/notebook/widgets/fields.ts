import type { z } from 'zod'
import { dropdown, checkbox as tick } from './choice.js'
import { number, slider } from './number.js'
import { text } from './text.js'
import type { ValueWidget } from './value.js'

/** A control for one key of a schema. */
export interface Field {
  readonly widget: ValueWidget<unknown>
  /** Returns the value to validate. */
  read(): unknown
  /** Shows a validated value. @throws UserError if it is outside the control's range. */
  write(value: unknown): void
  onChange(callback: () => void): void
}

interface Words {
  readonly label: string
  readonly tooltip: string
}

/** Maximum whole numbers in a range with a slider; a wider range gets a field. */
const MOST_STOPS = 1000

/** Ratio of the bounds, or of the upper bound to the default, from which a slider is logarithmic. */
const WIDE = 1000

/** A larger bound belongs to the number format, not to the schema. */
const UNBOUNDED = 1e15

/**
 * Returns a control for a type; null for a type that no single line can set: objects, lists, transformations.
 *
 * @param start the initial value; undefined if the type has none
 */
export function fieldFor(key: string, type: z.core.$ZodType, start: unknown): Field | null {
  const { inner, empty } = unwrapped(type)
  const words = { label: key, tooltip: describe(type) }
  const choices = choicesOf(inner)
  if (choices) return choiceField(words, [...choices, ...empty], start)
  if (inner._zod.def.type === 'boolean')
    return empty.length > 0 ? choiceField(words, [true, false, ...empty], start) : booleanField(words, start)
  if (empty.length === 0 && inner._zod.def.type === 'number') return numberField(words, inner, start)
  return isScalar(inner) ? textField(words, type, inner, empty, start) : null
}

/** The values that `nullable` and `optional` add. */
type Empty = readonly (null | undefined)[]

/** Returns the inner type of defaults and similar wrappers. */
function unwrapped(type: z.core.$ZodType): { readonly inner: z.core.$ZodType; readonly empty: Empty } {
  const empty: (null | undefined)[] = []
  let inner = type
  let hasDefault = false
  for (;;) {
    const def = inner._zod.def as z.core.$ZodTypeDef & { readonly innerType?: z.core.$ZodType }
    if (!def.innerType || !WRAPPERS.has(def.type)) return { inner, empty }
    if (def.type === 'nullable') empty.push(null)
    if (def.type === 'default' || def.type === 'prefault') hasDefault = true
    if (def.type === 'optional' && !hasDefault) empty.push(undefined)
    inner = def.innerType
  }
}

const WRAPPERS: ReadonlySet<string> = new Set([
  'default',
  'prefault',
  'nullable',
  'optional',
  'readonly',
  'nonoptional',
])

/** Returns the values of enumerations, literals and unions of them; null for other types. */
function choicesOf(type: z.core.$ZodType): readonly unknown[] | null {
  const def = type._zod.def as z.core.$ZodTypeDef & { readonly options?: readonly z.core.$ZodType[] }
  if (def.type === 'enum' || def.type === 'literal') return [...(type._zod.values ?? [])]
  if (def.type !== 'union' || !def.options) return null
  const each = def.options.map(choicesOf)
  return each.every((choices) => choices !== null) ? each.flat() : null
}

function isScalar(type: z.core.$ZodType): boolean {
  const def = type._zod.def as z.core.$ZodTypeDef & { readonly options?: readonly z.core.$ZodType[] }
  if (def.type === 'union') return def.options?.every(isScalar) ?? false
  return ['string', 'number', 'enum', 'literal', 'null'].includes(def.type)
}

function choiceField(words: Words, choices: readonly unknown[], start: unknown): Field {
  const widget = dropdown(choices, { ...words, value: choices.includes(start) ? start : choices[0] })
  return field(
    widget,
    (value) => value,
    (value) => value,
  )
}

function booleanField(words: Words, start: unknown): Field {
  return field(
    tick({ ...words, value: start === true }),
    (value) => value,
    (value) => value === true,
  )
}

function numberField(words: Words, type: z.core.$ZodType, start: unknown): Field {
  const { minValue: low, maxValue: high, isInt: integer } = type as z.core.$ZodType & Partial<z.ZodNumber>
  const min = typeof low === 'number' && low > -UNBOUNDED ? low : undefined
  const max = typeof high === 'number' && high < UNBOUNDED ? high : undefined
  const value = typeof start === 'number' ? start : Math.min(max ?? 0, Math.max(min ?? 0, 0))
  const widget = numberWidget(words, min, max, integer === true, value)
  return field(widget, (set) => set, Number)
}

function numberWidget(
  words: Words,
  min: number | undefined,
  max: number | undefined,
  integer: boolean,
  value: number,
): ValueWidget<number> {
  const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }
  if (min === undefined || max === undefined || min >= max || (integer && max - min > MOST_STOPS))
    return number({ ...words, ...bounds, integer, value })
  if (!integer && min > 0 && max / min >= WIDE) return slider({ ...words, min, max, value, log: true })
  // For example a learning rate: from 0 to far above usual values. The slider's range covers the usual ones.
  if (!integer && min <= 0 && value > 0 && max / value >= WIDE)
    return slider({ ...words, min: 10 ** (Math.floor(Math.log10(value)) - 3), max, value, log: true })
  return slider({ ...words, min, max, value, integer })
}

/** A text field for numbers that may be omitted, or for a mix of numbers and words. */
function textField(words: Words, type: z.core.$ZodType, inner: z.core.$ZodType, empty: Empty, start: unknown): Field {
  const placeholder = empty.length > 0 ? String(empty[0]) : ''
  const write = (value: unknown): string => (value === null || value === undefined ? '' : String(value))
  const read = (line: string): unknown => {
    if (empty.length > 0 && line.trim() === '') return empty[0]
    if (inner._zod.def.type === 'string') return line
    const value = line.trim() === '' ? Number.NaN : Number(line)
    return Number.isFinite(value) && !accepts(type, line) ? value : line
  }
  return field(text({ ...words, placeholder, value: write(start) }), read, write)
}

function accepts(type: z.core.$ZodType, value: unknown): boolean {
  return (type as z.ZodType).safeParse(value).success
}

function field<T>(widget: ValueWidget<T>, read: (value: T) => unknown, write: (value: unknown) => T): Field {
  return {
    widget: widget as ValueWidget<unknown>,
    read: () => read(widget.value),
    write: (value) => {
      widget.value = write(value)
    },
    onChange: (callback) => widget.onChange(() => callback()),
  }
}

/** Returns a key's description in the schema with its symbol, if any. */
function describe(type: z.core.$ZodType): string {
  const meta = (type as z.ZodType).meta()
  const symbol = typeof meta?.symbol === 'string' ? `${meta.symbol}: ` : ''
  return typeof meta?.description === 'string' ? `${symbol}${meta.description}` : ''
}
