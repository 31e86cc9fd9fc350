/** A condition on a metric, as the key `until` has it: `test.exact >= 0.9`. */
export interface Until {
  /** Column of the evaluations (`test.…`) or of the training metrics (`train.…`). */
  readonly metric: string
  readonly comparison: keyof typeof COMPARISONS
  readonly bound: number
}

const COMPARISONS = {
  '>=': (value: number, bound: number): boolean => value >= bound,
  '<=': (value: number, bound: number): boolean => value <= bound,
  '>': (value: number, bound: number): boolean => value > bound,
  '<': (value: number, bound: number): boolean => value < bound,
} as const

const UNTIL = /^\s*((?:test|train)\.[^\s<>=]+)\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/i

/** Parses a condition; null if it is none. */
export function parseUntil(text: string): Until | null {
  const [, metric, comparison, bound] = UNTIL.exec(text) ?? []
  if (metric === undefined || !Number.isFinite(Number(bound))) return null
  return { metric, comparison: comparison as Until['comparison'], bound: Number(bound) }
}

/** Returns a condition with one space around the comparison, so that equal conditions are equal texts. */
export function untilText(text: string): string {
  const until = parseUntil(text)
  return until ? `${until.metric} ${until.comparison} ${until.bound}` : text
}

/** Returns whether a value meets a condition; an unknown one does not. */
export function meets({ comparison, bound }: Until, value: unknown): value is number {
  return typeof value === 'number' && COMPARISONS[comparison](value, bound)
}
