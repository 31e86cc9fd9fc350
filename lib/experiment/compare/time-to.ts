import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { primaryRows } from '../../evaluate/arms.js'
import { isMacs, isShare, metricText, metricTitle, percent, TERA, titledRow } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { didYouMean } from '../../options/nearest.js'
import { type Estimate, estimate } from '../../statistics/estimate.js'
import { largest } from '../../statistics/largest.js'
import { halfWidth, plusMinus } from '../../statistics/rounding.js'

/** Totals of training up to an evaluation: steps, MACs, wall-clock and processor seconds, joules. */
const TOTALS = ['step', 'trainMacs', 'trainSeconds', 'trainCpuSeconds', 'trainJoules'] as const

/** A quantity of {@link TimeTo}. */
export type TimeToTotal = (typeof TOTALS)[number]

/** A run, as far as its time to an accuracy is read. */
export interface TimedRun {
  readonly id: string
  readonly config: Pick<Config, 'seed'>
  readonly evaluations: readonly object[]
  readonly metrics: readonly object[]
}

/** Totals of a run's training when a metric first reached a value; null where it never did, or a quantity is unknown. */
export interface TimeTo extends Readonly<Record<TimeToTotal, number | null>> {
  readonly label: string
  readonly seed: number
  readonly run: string
  /** The metric at that evaluation. */
  readonly value: number | null
  /** The best value of all evaluations; null if none is known. */
  readonly best: number | null
}

/** Totals of the runs of one label, over the seeds that reached the value. */
export interface TimeToSummary extends Readonly<Record<TimeToTotal, Estimate | null>> {
  readonly label: string
  readonly seeds: number
  /** Seeds that reached the value; the estimates cover only these, which flatters a label whose other seeds never did. */
  readonly reached: number
}

/**
 * Returns what runs took until a metric was first at or above a value; see {@link TimesTo}.
 *
 * @param label returns the name that runs which differ only in their seed share
 * @param metric of the evaluations, where EMA and live weights are both evaluated of the EMA's; or of training
 * @throws UserError for a value that is no number, a percentage in place of a share, or a metric that no run has.
 */
export function timesTo<R extends TimedRun>(
  runs: readonly R[],
  label: (run: R) => string,
  metric: string,
  atLeast: number,
): TimesTo {
  const rowsOf = (run: R): readonly Row[] =>
    (metric.startsWith('train.') ? run.metrics : primaryRows(run.evaluations)) as readonly Row[]
  checkValue(metric, atLeast)
  checkMetric(metric, runs.map(rowsOf))
  const times = runs.map((run) => ({ label: label(run), ...timeTo(run, rowsOf(run), metric, atLeast) }))
  return new TimesTo(metric, atLeast, times)
}

/** Steps, MACs, seconds and joules of training to a value of a metric. */
export class TimesTo {
  readonly metric: string
  readonly atLeast: number
  readonly runs: readonly TimeTo[]

  constructor(metric: string, atLeast: number, runs: readonly TimeTo[]) {
    this.metric = metric
    this.atLeast = atLeast
    this.runs = runs
  }

  /** Returns a row per label: how many seeds got there, and mean, deviation and interval of what they took. */
  summary(): TimeToSummary[] {
    return [...new Set(this.runs.map(({ label }) => label))].map((label): TimeToSummary => {
      const all = this.runs.filter((run) => run.label === label)
      const there = all.filter(({ step }) => step !== null)
      const over = (total: TimeToTotal): Estimate | null => {
        const values = there.flatMap((run) => run[total] ?? [])
        return values.length > 0 && values.length === there.length ? estimate(values) : null
      }
      const totals = Object.fromEntries(TOTALS.map((total) => [total, over(total)])) as Record<
        TimeToTotal,
        Estimate | null
      >
      return { label, seeds: all.length, reached: there.length, ...totals }
    })
  }

  /** Returns a row per run for a table; quantities that no run knows are omitted. */
  table(): Row[] {
    return this.runs.map(({ label, seed, run, best, ...taken }) => ({
      label,
      seed,
      [`reached ${this.#goal}`]: taken.step !== null,
      ...titledRow(Object.fromEntries(this.#known.map((total) => [total, taken[total]]))),
      [`best ${metricTitle(this.metric)}`]: isShare(this.metric) ? percent(best) : best,
      run,
    }))
  }

  /** Returns {@link summary} for a table: `7 of 8` seeds, `0.412 ± 0.031` TMAC with half the 95 % interval. */
  summaryTable(): Row[] {
    return this.summary().map(({ label, seeds, reached, ...totals }) => ({
      label,
      [`reached ${this.#goal}`]: `${reached} of ${seeds}`,
      ...Object.fromEntries(this.#known.map((total) => [metricTitle(total), estimateText(total, totals[total])])),
    }))
  }

  get #goal(): string {
    return metricText(this.metric, this.atLeast)
  }

  get #known(): TimeToTotal[] {
    return TOTALS.filter((total) => total === 'step' || this.runs.some((run) => run[total] !== null))
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(this.table())
  }
}

/** Returns an estimate in the unit of its title. */
function estimateText(total: TimeToTotal, of: Estimate | null): string | null {
  if (of === null) return null
  const half = halfWidth(of)
  const size = isMacs(total) ? TERA : 1
  return plusMinus(of.value / size, half === null ? null : half / size)
}

/** Returns what a run took to the first of its rows at which a metric is at least a value. */
function timeTo(run: TimedRun, rows: readonly Row[], metric: string, atLeast: number): Omit<TimeTo, 'label'> {
  const first = rows.find((row) => (knownIn(row, metric) ?? Number.NEGATIVE_INFINITY) >= atLeast)
  const values = rows.flatMap((row) => knownIn(row, metric) ?? [])
  const totals = Object.fromEntries(TOTALS.map((total) => [total, first ? knownIn(first, total) : null]))
  return {
    seed: run.config.seed,
    run: run.id,
    value: first ? knownIn(first, metric) : null,
    best: values.length > 0 ? largest(values) : null,
    ...(totals as Record<TimeToTotal, number | null>),
  }
}

/** Returns a finite number of a row; null for none. */
function knownIn(row: Row, column: string): number | null {
  const value = Object.hasOwn(row, column) ? row[column] : null
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function checkValue(metric: string, atLeast: number): void {
  const isFraction = !isShare(metric) || (atLeast >= 0 && atLeast <= 1)
  if (Number.isFinite(atLeast) && isFraction) return
  const percentage = isShare(metric) && atLeast > 1 && atLeast <= 100
  throw new UserError({
    where: `timeTo, ${metric}`,
    expected: isShare(metric) ? 'a share from 0 to 1' : 'a number',
    found: String(atLeast),
    ...(percentage ? { todo: `Write ${atLeast / 100} for ${atLeast} %.` } : {}),
  })
}

function checkMetric(metric: string, all: readonly (readonly Row[])[]): void {
  const names = new Set(all.flatMap((rows) => rows.flatMap(Object.keys)))
  if (names.has(metric) || names.size === 0) return
  const near = didYouMean(metric, [...names])
  throw new UserError({
    where: `timeTo, ${metric}`,
    expected: `a metric of the runs: ${[...names].filter((name) => /^(?:test|train)\./.test(name)).join(', ')}`,
    found: 'one that no run has',
    ...(near === undefined ? {} : { todo: near }),
  })
}
