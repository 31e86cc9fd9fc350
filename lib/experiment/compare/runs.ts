import type { Config } from '../../config/schema.js'
import { liveRowsBeside, primaryRows } from '../../evaluate/arms.js'
import type { EvaluationNumbers } from '../../evaluate/evaluation.js'
import { isOwnMetric, isShare, judgedApart, metricTitle, percent, titledRow } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { type Bar, bars } from '../../plot/bars.js'
import { curves } from '../../plot/curves.js'
import type { FigureOptions } from '../../plot/figure.js'
import { type CaptionedFigure, withSources } from '../../plot/sources.js'
import { type ComparedRun, Comparison } from '../../results/comparison.js'
import type { ValueNames } from '../../results/config-comparison.js'
import type { RunLabel } from '../../results/label.js'
import type { EndReason } from '../../results/run.js'
import { sourcesOfRuns } from './figure-sources.js'

/** One evaluation of a run, as a row of its `evaluations.arrow`; see {@link EvaluationNumbers}. */
export interface EvaluationRow extends EvaluationNumbers {
  readonly step: number
  /** The evaluated weights; absent without the key `evalWeights`. With both, the row of the EMA follows that of the live ones. */
  readonly weights?: 'ema' | 'live'
  /** Seconds of training until then, without evaluations and saves. */
  readonly trainSeconds: number
  /** Seconds of this evaluation. */
  readonly evaluationSeconds: number
}

/** A metric of an evaluation that tables and bars show. */
export type ShareMetric =
  | 'test.exact'
  | 'test.cells'
  | 'test.haltAccuracy'
  | 'test.halted'
  | 'test.valid'
  | 'test.optimal'
  | `test.pass@${number}`
  // Any other metric; written so that editors still complete the names above.
  | (`test.${string}` & {})

/** One row of a run's `metrics.arrow`: numbers by metric name, null where one is not known. */
export type MetricRow = Readonly<Record<string, number | null>> & { readonly step: number }

/** A stored run, finished or stopped. */
export interface FinishedRun extends ComparedRun {
  readonly id: string
  readonly dir: string
  readonly config: Config
  /** null if unknown. */
  readonly parameters: number | null
  /** The user's name, note and tags for the run. */
  readonly label?: RunLabel
  /** The key of the configuration that ended the run; null if it has not ended by itself. */
  readonly ended?: EndReason | null
  /** The names of the run's values in the grid of a sweep, by key. */
  readonly names?: ValueNames
  readonly evaluations: readonly EvaluationRow[]
  readonly metrics: readonly MetricRow[]
}

/**
 * A row of {@link Runs.table}: the varied keys, each value as {@link Comparison} has it (null where a key does not apply), then
 * the results of the last evaluation.
 */
export type RunRow = Readonly<Record<string, string | number | boolean | null>>

/** Several runs to compare. */
export class Runs {
  readonly all: readonly FinishedRun[]
  readonly #comparison: Comparison<FinishedRun>

  constructor(all: readonly FinishedRun[]) {
    this.all = all
    this.#comparison = new Comparison(all)
  }

  /** Returns the label that sets a run apart; runs that differ only in their seed share a label. */
  label(run: FinishedRun): string {
    return this.#comparison.label(run)
  }

  /**
   * Returns one row per run: name, tags and note if present, the keys that differ, seed, parameters, what ended the runs if
   * one ended before its last step, exact and cell
   * accuracy of the last evaluation (%), valid answers if their share differs from that of exact ones, ARC's pass@2, custom
   * metrics, seconds of training and of all evaluations. Unknown values are null.
   */
  table(): RunRow[] {
    const { rows, labelColumns, variedColumns } = this.#comparison
    const varied = variedColumns.filter((column) => column !== 'seed')
    const metrics = [...new Set(rows.flatMap(Object.keys))]
    const columns = [
      ...labelColumns,
      ...(varied.length > 0 ? varied : ['model']),
      'seed',
      'parameters',
      ...metrics.filter((name) => name === 'ended'),
      'test.exact',
      ...judgedApart(rows),
      'test.cells',
      ...metrics.filter((name) => name === 'test.pass@2'),
      ...metrics.filter(isOwnMetric),
      'trainSeconds',
      'evaluationSeconds',
    ]
    return rows.map(({ id, ...row }, i) => {
      const { model, seed } = this.all[i]!.config
      const cells: Row = { model, ...row, seed }
      const shown = Object.fromEntries(columns.map((column) => [column, cells[column] ?? null]))
      return { ...titledRow(shown), run: id } as RunRow
    })
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(this.table())
  }

  /**
   * Returns curves over optimiser steps: for each label the mean and range over seeds, with gaps where the metric is
   * unknown. Where a run evaluates both sets of weights, those of the live ones are lines of their own.
   *
   * @param metric e.g. `test.exact`, `test.cells`, `train.loss`, `test.NAME` of a custom metric; accuracies are drawn in
   * percent
   */
  curves(metric: string, options: FigureOptions = {}): CaptionedFigure {
    const share = isShare(metric)
    const lines = this.all.flatMap((run) => {
      const line = (name: string, rows: readonly MetricRow[]) => ({
        name,
        seed: run.config.seed,
        x: rows.map((row) => row.step),
        y: rows.map((row) => (row[metric] ?? Number.NaN) * (share ? 100 : 1)),
      })
      const name = this.label(run)
      if (!metric.startsWith('test.')) return [line(name, run.metrics)]
      const evaluations = run.evaluations as unknown as readonly MetricRow[]
      const live = liveRowsBeside(evaluations)
      const ofEma = line(name, primaryRows(evaluations))
      return live.length > 0 ? [ofEma, line(`${name}, live weights`, live)] : [ofEma]
    })
    const figure = curves(lines, {
      x: 'optimiser step',
      y: metricTitle(metric),
      ...(share ? { range: [0, 100] as const } : {}),
      ...options,
    })
    return withSources(figure, sourcesOfRuns(this.all))
  }

  /** Returns the last evaluation's values of a metric by label, one per seed, in percent; NaN if unknown. */
  final(metric: ShareMetric): Map<string, number[]> {
    const values = new Map<string, number[]>()
    for (const run of this.all) {
      const value = percent(run.evaluations.at(-1)?.[metric]) ?? Number.NaN
      values.set(this.label(run), [...(values.get(this.label(run)) ?? []), value])
    }
    return values
  }

  /**
   * Returns bars of the mean with the range over seeds, next to published numbers, which are marked "reported".
   *
   * @param reported published values in percent, by label
   */
  bars(
    metric: ShareMetric,
    reported: Readonly<Record<string, number>> = {},
    options: FigureOptions & { names?: Readonly<Record<string, string>>; reportedAs?: string } = {},
  ): CaptionedFigure {
    const { names = {}, reportedAs, ...figure } = options
    const groups = [...this.final(metric)].map(([label, values]): Bar => {
      const value = Object.hasOwn(reported, label) ? reported[label] : undefined
      return { name: names[label] ?? label, values, ...(value === undefined ? {} : { reported: value }) }
    })
    const drawn = bars(groups, {
      y: metricTitle(metric),
      range: [0, 108],
      ...(reportedAs ? { reported: reportedAs } : {}),
      ...figure,
    })
    const published = groups.flatMap(({ name, reported: value }) =>
      value === undefined ? [] : [`${name} ${value} ${reportedAs ?? 'in the paper'}`],
    )
    return withSources(drawn, { ...sourcesOfRuns(this.all), reported: published })
  }
}

/** Returns a run that a notebook shows as its row of {@link Runs.table}. */
export function showable(run: FinishedRun): FinishedRun {
  return Object.defineProperty({ ...run }, JUPYTER_DISPLAY, { value: () => bundleOf(new Runs([run]).table()) })
}
