import { paragraphHtml } from '../../escape/html.js'
import type { Counted } from '../../evaluate/counted.js'
import { isShare, metricName, metricTitle } from '../../evaluate/metric-names.js'
import type { Cell, Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { Comparison } from '../../results/comparison.js'
import { type PaperRows, toCsv } from '../../results/export.js'
import { type LatexOptions, toLatex } from '../../results/latex.js'
import { toMarkdown } from '../../results/markdown.js'
import type { TableOptions } from '../../results/printed-table.js'
import {
  DEFAULT_LEVEL,
  type Estimate,
  type EstimateOptions,
  estimate,
  scaled,
  wilson,
} from '../../statistics/estimate.js'
import { grouped } from '../../statistics/grouped.js'
import { halfWidth, intervalText, levelText, plusMinus, rounded } from '../../statistics/rounding.js'
import { Arm, type ArmMember, liveMember, runMember, type SummarisedRun } from './arm.js'
import { collapsed, counted, leftOut, unfinished } from './arm-notes.js'
import { bestOf, checkMetric, lastOf, type Measured } from './measured.js'

/** Options of {@link summarise} beside those of the interval. */
export interface SummaryOptions extends EstimateOptions {
  /** Evaluations made afterwards, each a row after those of the configurations; see `arm`. Default: none. */
  readonly arms?: readonly Arm[]
}

/** One configuration, over its seeds. */
export interface SummaryRow {
  /** The label of its runs, or the name of an arm. */
  readonly label: string
  /** Whether the row is an arm beside the configurations: live weights, or evaluations made afterwards. */
  readonly isArm: boolean
  /**
   * The keys that vary, without the seed (the model if none does), each value as tables show it; null where a key does
   * not apply or is unknown.
   */
  readonly varied: Row
  /** IDs of the runs that have a value, oldest first. */
  readonly runs: readonly string[]
  /** Their seeds, in the same order; null where unknown. */
  readonly seeds: readonly (number | null)[]
  /** Number of runs with a value. */
  readonly n: number
  /** Their values at the last evaluation, in the same order; in percent for a share. */
  readonly values: readonly number[]
  /**
   * Mean of `values` with its interval: over seeds; for a single run of a share Wilson's over its puzzles, without an
   * interval for other metrics. null if no run has a value.
   */
  readonly last: Estimate | null
  /** As `last`, at each run's best evaluation by the same metric: optimistic, as test puzzles chose it. */
  readonly best: Estimate | null
  /** Optimiser steps of the last and of the best evaluations, in the order of the runs; null where unknown. */
  readonly steps: { readonly last: readonly (number | null)[]; readonly best: readonly (number | null)[] }
  /** Count and denominator of the last evaluations, added up over the runs; null where the metric has none. */
  readonly counted: Counted | null
  /** Count and denominator of each run's last evaluation, in the order of the runs. */
  readonly countedByRun: readonly (Counted | null)[]
  /** null if unknown, or if the runs differ. */
  readonly parameters: number | null
}

/** A metric by configuration: mean, spread and interval over seeds, shown as a table. */
export class Summary {
  /** Public name of the metric. */
  readonly metric: string
  /** `%` for a share, else empty. */
  readonly unit: '%' | ''
  readonly rows: readonly SummaryRow[]
  /** Remarks on what the table does not show: runs without a value, intervals beyond 100 %, unfinished runs. */
  readonly notes: readonly string[]
  readonly level: number

  constructor(metric: string, rows: readonly SummaryRow[], notes: readonly string[], level: number) {
    this.metric = metric
    this.unit = isShare(metric) ? '%' : ''
    this.rows = rows
    this.notes = notes
    this.level = level
  }

  /** Iterates over the rows. */
  [Symbol.iterator](): IterableIterator<SummaryRow> {
    return this.rows[Symbol.iterator]()
  }

  /** Returns the row of a label; undefined if there is none. */
  row(label: string): SummaryRow | undefined {
    return this.rows.find((row) => row.label === label)
  }

  /**
   * Returns the rows for display: the name of each arm if arms stand beside configurations, the keys that vary, number of seeds,
   * mean ± half the interval, SD, interval and its method, the best checkpoint, count and denominator.
   */
  table(): Row[] {
    const apart = this.rows.some(({ isArm }) => isArm)
    const counted = this.rows.find((row) => row.counted !== null)?.counted ?? null
    return this.rows.map((row): Row => {
      const { last, best, counted: count } = row
      return {
        ...(apart ? { arm: row.label } : {}),
        ...row.varied,
        seeds: row.n,
        [metricTitle(this.metric)]: last && plusMinus(last.value, halfWidth(last)),
        SD: last?.sd == null ? null : rounded(last.sd, null, 2).value,
        [levelText(this.level)]: last && intervalText(last),
        method: last && methodText(last, count),
        [`best checkpoint${this.unit ? ' (%)' : ''}`]: best && plusMinus(best.value, halfWidth(best)),
        ...(counted ? { [countName(this.metric)]: count && tidyCount(count.count) } : {}),
        ...(counted ? { [counted.unit]: count?.of ?? null } : {}),
      }
    })
  }

  /**
   * Returns the rows with their estimates, for tables of a paper: `toLatex(summary)`. The best checkpoint has a column
   * where an evaluation before the last one was better.
   */
  forPaper(): PaperRows {
    const apart = this.rows.some(({ isArm }) => isArm)
    const earlier =
      this.metric.startsWith('test.') && this.rows.some(({ last, best }) => best !== null && best.value !== last?.value)
    const rows = this.rows.map((row) => ({
      ...(apart ? { arm: row.label } : {}),
      ...row.varied,
      seeds: row.n,
      [metricTitle(this.metric)]: row.last,
      ...(earlier ? { [`best checkpoint${this.unit ? ' (%)' : ''}`]: row.best } : {}),
      parameters: row.parameters,
    }))
    return {
      rows,
      notes: [...(earlier ? ['The best checkpoint is chosen on the test puzzles.'] : []), ...this.notes],
    }
  }

  /** Returns the table as LaTeX for booktabs and siunitx; see the function `toLatex`. */
  toLatex(options: LatexOptions = {}): string {
    return toLatex(this, options)
  }

  /** Returns the table as Markdown; see the function `toMarkdown`. */
  toMarkdown(options: TableOptions = {}): string {
    return toMarkdown(this, options)
  }

  /** Returns the table as CSV, an estimate as two columns; see the function `toCsv`. */
  toCsv(): string {
    return toCsv(this)
  }

  /** Returns the notes as they stand below the table. */
  footnotes(): string[] {
    const about = `Mean ± half of the ${levelText(this.level)} of ${metricName(this.metric)} at the last evaluation; the best checkpoint is chosen on the test puzzles.`
    return [about, ...this.notes]
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    const { 'text/html': html, 'text/plain': text } = bundleOf(this.table())
    const notes = this.footnotes()
    return {
      'text/html': `${html}${notes.map(paragraphHtml).join('')}`,
      'text/plain': [text, ...notes].join('\n'),
    }
  }
}

/**
 * Returns a summary of runs: one row per configuration, i.e. per set of runs that differ only by their seed, in order of
 * first appearance. Live weights evaluated beside the EMA have a row of their own, as have evaluations made afterwards.
 *
 * @param metric a column of the evaluations, e.g. `test.exact`, or `train.*`, of the last logged step
 * @throws UserError (exit code 2) for a metric that no run has, and as `estimate` does.
 */
export function summarise(
  runs: readonly SummarisedRun[],
  metric = 'test.exact',
  { arms = [], ...interval }: SummaryOptions = {},
): Summary {
  const comparison = new Comparison(runs)
  const configurations = configurationArms(runs, comparison)
  const live = metric.startsWith('train.') ? [] : liveArms(runs, comparison)
  const all = [...configurations, ...live, ...arms]
  if (all.length > 0) checkMetric(metric, all)
  const beside = new Set<Arm>([...live, ...arms])
  const rows = all.map((arm) => rowOf(arm, metric, comparison, interval, beside.has(arm)))
  return new Summary(metric, rows, notesOn(all, rows, metric), interval.level ?? DEFAULT_LEVEL)
}

/** Returns the runs of each label as an arm. */
export function configurationArms(runs: readonly SummarisedRun[], comparison: Comparison<SummarisedRun>): Arm[] {
  return [...grouped(runs, (run) => comparison.label(run))].map(
    ([label, group]) => new Arm(label, group.map(runMember)),
  )
}

/** Returns the live weights of each label, where they are evaluated beside the EMA, as an arm. */
export function liveArms(runs: readonly SummarisedRun[], comparison: Comparison<SummarisedRun>): Arm[] {
  return [...grouped(runs, (run) => comparison.label(run))].flatMap(([label, group]) => {
    const members = group.map(liveMember).filter((member) => member !== null)
    return members.length === 0 ? [] : [new Arm(`${label}, live weights`, members)]
  })
}

function rowOf(
  arm: Arm,
  metric: string,
  comparison: Comparison<SummarisedRun>,
  interval: EstimateOptions,
  isArm: boolean,
): SummaryRow {
  const known = arm.members.flatMap((member) => {
    const last = lastOf(member, metric)
    return last ? [{ member, last }] : []
  })
  const lasts = known.map(({ last }) => last)
  const bests = arm.members.map((member) => bestOf(member, metric)).filter((best) => best !== null)
  const counts = lasts.map(({ counted }) => counted)
  const parameters = new Set(arm.members.map((member) => member.parameters))
  return {
    label: arm.name,
    isArm,
    varied: variedIn(arm.members, comparison),
    runs: known.map(({ member }) => member.id),
    seeds: known.map(({ member }) => member.seed),
    n: known.length,
    values: lasts.map(({ value }) => value),
    last: estimateOf(lasts, metric, interval),
    best: estimateOf(bests, metric, interval),
    steps: { last: lasts.map(({ step }) => step), best: bests.map(({ step }) => step) },
    counted: addedUp(counts),
    countedByRun: counts,
    parameters: parameters.size === 1 ? [...parameters][0]! : null,
  }
}

/** Returns the varied keys of an arm's members; null for a key in which they differ, or that is unknown. */
function variedIn(members: readonly ArmMember[], comparison: Comparison<SummarisedRun>): Row {
  const keys = comparison.keys.filter((key) => key !== 'seed')
  const shown = keys.length > 0 ? keys : ['model']
  return Object.fromEntries(
    shown.map((key): [string, Cell] => {
      const values = members.map(({ compared }) => (compared ? comparison.value(compared, key) : null))
      return [key, values.every((value) => value === values[0]) ? (values[0] ?? null) : null]
    }),
  )
}

/**
 * Returns the estimate of a metric from one value per run: over runs, or Wilson's over the puzzles or tasks of a single run.
 * Cells of one puzzle are not independent, so that a single cell accuracy has no interval.
 */
export function estimateOf(
  measured: readonly Measured[],
  metric: string,
  interval: EstimateOptions = {},
): Estimate | null {
  const [first, ...more] = measured
  if (first === undefined) return null
  const { counted } = first
  if (more.length > 0 || counted === null || counted.unit === 'cells' || !isShare(metric))
    return estimate(
      measured.map(({ value }) => value),
      interval,
    )
  return { ...scaled(wilson(counted.count, counted.of, interval.level), 100), value: first.value }
}

function addedUp(counts: readonly (Counted | null)[]): Counted | null {
  const known = counts.filter((counted) => counted !== null)
  if (known.length === 0 || known.length < counts.length) return null
  const add = (of: (counted: Counted) => number): number => known.reduce((sum, counted) => sum + of(counted), 0)
  return { count: add(({ count }) => count), of: add(({ of }) => of), unit: known[0]!.unit }
}

function notesOn(arms: readonly Arm[], rows: readonly SummaryRow[], metric: string): string[] {
  const share = isShare(metric)
  return arms.flatMap((arm, i) => {
    const { label, n, last, seeds, steps } = rows[i]!
    const { members } = arm
    const hashes = new Set(members.map(({ dataHash }) => dataHash).filter((hash) => hash !== null))
    const [least, most] = rangeOf(steps.last)
    return [
      ...leftOut(arm, n),
      ...unfinished(arm),
      ...collapsed(arm, metric),
      ...(least < most ? [`${label}: the last evaluations are of steps ${least} to ${most}.`] : []),
      ...(new Set(seeds.filter((seed) => seed !== null)).size < seeds.filter((seed) => seed !== null).length
        ? [`${label}: a seed occurs more than once; its runs are not independent.`]
        : []),
      ...(hashes.size > 1 ? [`${label}: the runs were trained on ${hashes.size} different data sets.`] : []),
      ...(n > 1 && last?.sd === 0
        ? [`${label}: all values are equal; an interval without width is no certainty.`]
        : []),
      ...(share && last?.method === 't' && (last.low! < 0 || last.high! > 100) && last.sd !== 0
        ? [`${label}: the interval passes the end of the scale; a bootstrap's stays within the values.`]
        : []),
    ]
  })
}

function rangeOf(steps: readonly (number | null)[]): [number, number] {
  const known = steps.filter((step) => step !== null)
  return known.length === 0 ? [0, 0] : [Math.min(...known), Math.max(...known)]
}

function methodText({ method, n }: Estimate, count: Counted | null): string {
  if (method === null) return 'one run'
  if (method === 'wilson') return `Wilson, one run of ${n} ${count?.unit ?? 'puzzles'}`
  return `${method}, ${counted(n, 'seed')}`
}

/** Names the column of counts: only some metrics count what is correct. */
function countName(metric: string): string {
  return metric === 'test.exact' || metric === 'test.cells' ? 'correct' : 'count'
}

/** Returns a count as a whole number; parts of a task keep two decimals. */
function tidyCount(count: number): number {
  return Math.round(count * 100) / 100
}
