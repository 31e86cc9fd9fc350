import { UserError } from '../../errors.js'
import type { Content } from '../host.js'
import { type Codec, ValueWidget } from './value.js'
import type { WidgetOptions } from './widget.js'

/** Options of {@link slider}. */
export interface SliderOptions extends WidgetOptions {
  /** Minimum value. */
  readonly min: number
  /** Maximum value. */
  readonly max: number
  /**
   * Distance of values, counted from `min`; with `log`, in powers of ten. Default: as fine as the number shown beside it.
   */
  readonly step?: number
  /** Default: the middle. */
  readonly value?: number
  /** Whether each power of ten has the same length; `min` must be above 0. Default: false. */
  readonly log?: boolean
  /** Whether values are whole numbers. Default: whether `min` and `step` are. */
  readonly integer?: boolean
  /**
   * Format of the number beside the slider, in the notation of d3-format. Default: `d`, `.3g` with `log`, else by range.
   */
  readonly format?: string
  /** Whether the value changes while the handle moves, or only on release. Default: true. */
  readonly continuous?: boolean
}

/** Options of {@link number}. */
export interface NumberOptions extends WidgetOptions {
  /** Minimum value; none by default. */
  readonly min?: number
  /** Maximum value; none by default. */
  readonly max?: number
  /** Increment of the arrows. */
  readonly step?: number
  /** Default: 0, or the nearest valid value. */
  readonly value?: number
  /** Whether values are whole numbers. Default: false. */
  readonly integer?: boolean
}

/** Options of {@link progressBar}. */
export interface ProgressBarOptions extends WidgetOptions {
  /** Value of the full bar. */
  readonly max: number
  /** Default: 0. */
  readonly value?: number
}

interface Range {
  /** For messages, e.g. `slider lr`. */
  readonly where: string
  readonly min: number
  readonly max: number
  readonly integer: boolean
}

/** Relative difference below which two values are the same after a logarithm and back. */
const SAME = 1e-9

/** Digits of the number beside a logarithmic slider. */
const LOG_DIGITS = 3

/** Approximate number of values of a linear slider. */
const FINE = 1000

/**
 * Returns a slider for a number.
 *
 * @example
 * const lr = ui.slider({ min: 1e-5, max: 1e-2, log: true, label: 'lr' })
 * lr.onChange((value) => console.log(value))
 * @throws UserError if the range or the value is invalid.
 */
export function slider(options: SliderOptions): ValueWidget<number> {
  const { log = false } = options
  const integer = options.integer ?? (Number.isInteger(options.step) && Number.isInteger(options.min) && !log)
  const range = rangeOf('slider', options, options.min, options.max, integer)
  if (!(range.min < range.max) || !Number.isFinite(range.max - range.min))
    throw wrong(range.where, 'a finite min below a finite max', `${options.min} and ${options.max}`)
  if (log && range.min <= 0) throw wrong(range.where, 'min above 0 with log', String(options.min))
  if (options.step !== undefined && !(options.step > 0)) throw wrong(range.where, 'step above 0', String(options.step))
  const scale = log ? logScale(range, options.step) : linearScale(range, options.step)
  return new ValueWidget(
    'slider',
    scale.names,
    options,
    {
      ...scale.state,
      ...(options.format === undefined ? {} : { readout_format: options.format }),
      readout: true,
      continuous_update: options.continuous ?? true,
      orientation: 'horizontal',
    },
    sliderCodec(range, scale),
    options.value ?? scale.settle(scale.middle),
  )
}

/**
 * Returns a field for a number.
 *
 * @throws UserError if the range or the value is invalid.
 */
export function number(options: NumberOptions = {}): ValueWidget<number> {
  const { integer = false, min, max } = options
  const range = rangeOf('number', options, min ?? -Number.MAX_VALUE, max ?? Number.MAX_VALUE, integer)
  if (!(range.min <= range.max)) throw wrong(range.where, 'min not above max', `${min} and ${max}`)
  const bounded = min !== undefined || max !== undefined
  const kind = `${bounded ? 'Bounded' : ''}${integer ? 'Int' : 'Float'}TextModel`
  return new ValueWidget(
    'number',
    { model: kind, view: integer ? 'IntTextView' : 'FloatTextView' },
    options,
    {
      ...(bounded ? { min: range.min, max: range.max } : {}),
      step: options.step ?? (integer ? 1 : null),
      continuous_update: false,
    },
    {
      trait: 'value',
      check: (value) => checkNumber(range, value),
      write: (value) => value,
      read: (sent) => {
        if (!isNumber(sent)) return null
        const value = clamp(integer ? Math.round(sent) : sent, range)
        return { value, trait: value }
      },
    },
    options.value ?? clamp(0, range),
  )
}

/**
 * Returns a bar that fills: `bar.value = 3`. For a loop, `progress(steps)` does it by itself.
 *
 * @throws UserError if the value is not between 0 and `max`.
 */
export function progressBar(options: ProgressBarOptions): ValueWidget<number> {
  const range = rangeOf('progressBar', options, 0, options.max, false)
  if (!(range.max > 0) || !Number.isFinite(range.max)) throw wrong(range.where, 'max above 0', String(options.max))
  return new ValueWidget(
    'progressBar',
    { model: 'FloatProgressModel', view: 'ProgressView' },
    options,
    { min: 0, max: range.max, bar_style: '', orientation: 'horizontal' },
    {
      trait: 'value',
      check: (value) => checkNumber(range, value),
      write: (value) => value,
      // The user cannot move it.
      read: () => null,
    },
    options.value ?? 0,
  )
}

/** The mapping between a slider's positions and its values. */
interface Scale {
  readonly names: { readonly model: string; readonly view: string }
  readonly state: Content
  readonly middle: number
  /** Whether values are at fixed distances. */
  readonly stepped: boolean
  /** Returns the value for a position near it. */
  settle(value: number): number
}

function linearScale(range: Range, step: number | undefined): Scale {
  const { min, max, integer } = range
  const kind = integer ? 'IntSlider' : 'FloatSlider'
  const stepped = step !== undefined || integer
  const unit = step ?? (integer ? 1 : 10 ** Math.floor(Math.log10((max - min) / FINE)))
  const decimals = Math.min(12, decimalsOf(unit, stepped ? min : 0))
  const from = stepped ? min : 0
  return {
    names: { model: `${kind}Model`, view: `${kind}View` },
    state: { min, max, step: stepped ? unit : null, readout_format: integer ? 'd' : `.${decimals}f` },
    middle: (min + max) / 2,
    stepped,
    settle: (value) => clamp(digits(from + Math.round((value - from) / unit) * unit, 12), range),
  }
}

function logScale(range: Range, step: number | undefined): Scale {
  const { min, max, integer } = range
  const [low, high] = [Math.log10(min), Math.log10(max)]
  const settle = (value: number): number => {
    const exponent = Math.log10(value)
    const settled = step === undefined ? value : 10 ** (low + Math.round((exponent - low) / step) * step)
    return clamp(integer ? Math.round(settled) : digits(settled, LOG_DIGITS), range)
  }
  return {
    names: { model: 'FloatLogSliderModel', view: 'FloatLogSliderView' },
    // The front end takes exponents for the limits, but the value itself.
    state: { min: low, max: high, base: 10, step: step ?? null, readout_format: `.${LOG_DIGITS}g` },
    middle: 10 ** ((low + high) / 2),
    stepped: step !== undefined,
    settle,
  }
}

function sliderCodec(range: Range, scale: Scale): Codec<number> {
  return {
    trait: 'value',
    check: (value) => {
      const checked = checkNumber(range, value)
      // The front end would move it to the nearest step, and report that as a change.
      return scale.stepped ? scale.settle(checked) : checked
    },
    write: (value) => value,
    read: (sent, current) => {
      if (!isNumber(sent)) return null
      // The front end echoes the value it received, apart from the rounding of a logarithm.
      if (near(sent, current)) return { value: current, trait: sent }
      const within = clamp(sent, range)
      const value = scale.settle(within)
      if (scale.names.model === 'IntSliderModel') return { value, trait: value }
      // Rounding to the number beside the slider is not sent back: it would move the handle under the user's hand.
      return { value, trait: near(sent, within) ? sent : within }
    },
  }
}

function rangeOf(kind: string, options: WidgetOptions, min: number, max: number, integer: boolean): Range {
  const where = options.label ? `${kind} ${options.label}` : kind
  if (typeof min !== 'number' || typeof max !== 'number' || Number.isNaN(min + max))
    throw wrong(where, 'numbers for min and max', `${min} and ${max}`)
  if (!integer) return { where, min, max, integer }
  const inside = {
    min: Math.max(Math.ceil(min), Number.MIN_SAFE_INTEGER),
    max: Math.min(Math.floor(max), Number.MAX_SAFE_INTEGER),
  }
  return { where, ...inside, integer }
}

function checkNumber({ where, min, max, integer }: Range, value: number): number {
  if (!isNumber(value) || (integer && !Number.isInteger(value)))
    throw wrong(where, integer ? 'a whole number' : 'a number', String(value))
  if (value < min || value > max) throw wrong(where, bounds(min, max), String(value))
  // Turns -0 into 0.
  return value + 0
}

function bounds(min: number, max: number): string {
  if (min <= -Number.MAX_VALUE || min === Number.MIN_SAFE_INTEGER) return `at most ${max}`
  if (max >= Number.MAX_VALUE || max === Number.MAX_SAFE_INTEGER) return `at least ${min}`
  return `${min} to ${max}`
}

function wrong(where: string, expected: string, found: string): UserError {
  return new UserError({ where, expected, found })
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME * Math.abs(b)
}

function clamp(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value)) + 0
}

/** Rounds to `count` significant digits. */
function digits(value: number, count: number): number {
  return Number(value.toPrecision(count))
}

/** Returns the number of decimals that the numbers need. */
function decimalsOf(...values: readonly number[]): number {
  return Math.max(
    ...values.map((value) => {
      const [mantissa = '', exponent = '0'] = digits(value, 12).toString().split('e')
      return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(exponent))
    }),
  )
}
