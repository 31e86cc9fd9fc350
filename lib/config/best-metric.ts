/** Which evaluation of a run is the best. */
export interface BestMetric {
  /** Column of the evaluations: `test.exact`. */
  readonly metric: string
  readonly better: 'higher' | 'lower'
}

const BEST_METRIC = /^(?:(min|max) )?(test\.\S+)$/

/** Returns whether a text is `METRIC`, `max METRIC` or `min METRIC` with a metric of the evaluations. */
export function isBestMetric(text: string): boolean {
  return BEST_METRIC.test(text)
}

/** Returns the meaning of the key `bestMetric`; of null or nothing: `test.exact`, higher is better. */
export function bestMetricOf({ bestMetric }: { readonly bestMetric?: unknown }): BestMetric {
  const [, order, metric] = (typeof bestMetric === 'string' && BEST_METRIC.exec(bestMetric)) || []
  return { metric: metric ?? 'test.exact', better: order === 'min' ? 'lower' : 'higher' }
}

/** Returns whether a value is better than the best so far; equal ones are not, and null is unknown. */
export function isBetter({ better }: BestMetric, value: number, best: number | null): boolean {
  return best === null || (better === 'higher' ? value > best : value < best)
}
