import { type BestMetric, isBetter } from '../config/best-metric.js'
import { primaryRows } from '../evaluate/arms.js'
import { countedIn } from '../evaluate/counted.js'
import { metricName, metricText } from '../evaluate/metric-names.js'
import { wilson } from '../statistics/estimate.js'

/** A run whose last evaluation is worse than its best one by more than the noise of its puzzles. */
export interface Collapse {
  readonly metric: string
  readonly best: Point
  readonly last: Point
  /** The evaluated weights. */
  readonly weights: 'EMA' | 'live weights'
}

/** A share at an evaluation. */
interface Point {
  readonly step: number
  /** From 0 to 1. */
  readonly value: number
}

/** The chance with which a run that only fluctuates is called collapsed is below this. */
const CHANCE = 0.05

/**
 * Returns how a run has collapsed: Wilson's intervals of its best and of its last evaluation do not overlap. Their level rises with
 * the number of evaluations, since the best of many is high by chance.
 *
 * @param rows evaluations, oldest first; those of live weights beside the EMA do not count
 * @param choice the metric, a share of puzzles or tasks; for any other there is no noise to compare with
 * @param ema the configuration's `ema`
 * @returns null where the run has not collapsed, or nothing can be said
 */
export function collapseOf(rows: readonly object[], choice: BestMetric, ema: unknown): Collapse | null {
  const { metric, better } = choice
  const known = primaryRows(rows as readonly Readonly<Record<string, unknown>>[]).flatMap((row) => {
    const counted = metric === 'test.cells' ? null : countedIn(row, metric)
    const [step, value] = [row.step, row[metric]]
    return counted === null || typeof step !== 'number' || typeof value !== 'number'
      ? []
      : [{ row, counted, step, value }]
  })
  const last = known.at(-1)
  if (last === undefined || known.length < 2) return null
  const best = known.reduce((best, one) => (isBetter(choice, one.value, best.value) ? one : best))
  const level = 1 - CHANCE / (known.length - 1)
  const [high, low] = [best, last].map(({ counted }) => wilson(counted.count, counted.of, level))
  const isApart = better === 'higher' ? high!.low! > low!.high! : high!.high! < low!.low!
  if (!isApart) return null
  const isLive = last.row.weights === 'live' || !(Number(ema) > 0)
  return { metric, best: pointOf(best), last: pointOf(last), weights: isLive ? 'live weights' : 'EMA' }
}

/** Returns the collapse as text: `exact accuracy 93.0 % at step 400, 12.0 % at step 1000 (EMA)`. */
export function collapseText({ metric, best, last, weights }: Collapse): string {
  return `${metricName(metric)} ${at(metric, best)}, ${at(metric, last)} (${weights})`
}

/** Returns a point as text: `93.0 % at step 400`. */
function at(metric: string, { value, step }: Point): string {
  return `${metricText(metric, value)} at step ${step}`
}

function pointOf({ step, value }: Point): Point {
  return { step, value }
}
