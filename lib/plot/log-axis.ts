/** The most labels that fit along an axis of one column. */
const MOST_TICKS = 6

/** Part of the axis that stays free at each end. */
const PADDING = 0.06

/**
 * Returns plotly's attributes of a logarithmic axis for these positive values: limits, and labels at 1, 2 and 5 times powers of
 * ten, or at powers of ten alone where these are many, with SI prefixes (`500k`, `1M`).
 */
export function logAxis(values: readonly number[]): Record<string, unknown> {
  if (values.length === 0) return { type: 'log' }
  const [low, high] = [Math.log10(min(values)), Math.log10(max(values))]
  const padding = PADDING * Math.max(high - low, 0.5)
  const range = [low - padding, high + padding] as const
  const ticks = ticksIn(range[0], range[1])
  return { type: 'log', range: [...range], tickvals: ticks, ticktext: ticks.map(siText) }
}

function ticksIn(low: number, high: number): number[] {
  const inside = (ticks: readonly number[]): number[] =>
    ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high)
  for (const step of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = inside(decades(low, high, 1).flatMap((decade) => step.map((digit) => power(decade, digit))))
    if (ticks.length >= 3 && ticks.length <= MOST_TICKS) return ticks
  }
  if (high - low > 1) {
    const every = Math.max(1, Math.ceil((high - low) / MOST_TICKS))
    return inside(decades(low, high, every).map((decade) => power(decade)))
  }
  return evenTicks(10 ** low, 10 ** high)
}

/** Returns the number nearest to `digit` times a power of ten; the product would be 9.999999999999999e-5 for 10⁻⁴. */
function power(exponent: number, digit = 1): number {
  return Number(`${digit}e${exponent}`)
}

/** Returns multiples of 1, 2 or 5 times a power of ten, three to six where they are that few. */
function evenTicks(low: number, high: number): number[] {
  const unit = power(Math.floor(Math.log10(high - low)))
  const steps = [unit / 10, unit / 5, unit / 2, unit, 2 * unit]
  const step = steps.find((each) => Math.floor(high / each) - Math.ceil(low / each) < MOST_TICKS) ?? 5 * unit
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  )
}

function decades(low: number, high: number, every: number): number[] {
  const first = Math.floor(low / every) * every
  return Array.from({ length: Math.floor((high - first) / every) + 1 }, (_, i) => first + i * every)
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E']

/** Returns a positive number with an SI prefix, `1.5M`; as a power of ten below a thousandth and from 10²¹ on. */
export function siText(value: number): string {
  if (value < 1e-3 || value >= 1e21) return value.toExponential().replace('e+', 'e')
  const thousands = Math.max(0, Math.floor(Math.log10(value) / 3 + 1e-9))
  return `${Number((value / 1000 ** thousands).toPrecision(3))}${PREFIXES[thousands]}`
}

// A spread of half a million numbers would be too many arguments.
const min = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b))
const max = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b))
