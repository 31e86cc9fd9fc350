import type { z } from 'zod'
import { dropdown, checkbox as tick } from './choice.js'
import { number, slider } from './number.js'
import { text } from './text.js'
import type { ValueWidget } from './value.js'

/** One key of a schema as something to operate. */
export interface Field {
  readonly widget: ValueWidget<unknown>
  /** What the schema is to check. */
  read(): unknown
  /** Shows a value that the schema has let through. @throws UserError where it is outside of what can be shown. */
  write(value: unknown): void
  onChange(callback: () => void): void
}

interface Words {
  readonly label: string
  readonly tooltip: string
}

/** A range with so many whole numbers gets a slider, a wider one a field. */
const MOST_STOPS = 1000

/** Ends so many times apart, or a default so many times below the upper end, call for a logarithmic slider. */
const WIDE = 1000

/** Beyond this, a bound is one of the number format and not of the schema. */
const UNBOUNDED = 1e15

/**
 * What a value of a type is set with; null for a type that no single line can set: objects, lists, transformations.
 *
 * @param start the value to begin with; undefined where the type has none
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

/** The type under its defaults and the like. */
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

/** The values of enumerations, literals and unions of such; null for other types. */
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
  // A learning rate: from 0 to far above what is usual. The slider has room for what is usual.
  if (!integer && min <= 0 && value > 0 && max / value >= WIDE)
    return slider({ ...words, min: 10 ** (Math.floor(Math.log10(value)) - 3), max, value, log: true })
  return slider({ ...words, min, max, value, integer })
}

/** A line of text that stands for the value: for numbers that may be left out, and for numbers among words. */
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

/** What the schema says of a key: its description and, if it has one, its symbol. */
function describe(type: z.core.$ZodType): string {
  const meta = (type as z.ZodType).meta()
  const symbol = typeof meta?.symbol === 'string' ? `${meta.symbol}: ` : ''
  return typeof meta?.description === 'string' ? `${symbol}${meta.description}` : ''
}
