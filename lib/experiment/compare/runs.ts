import { differingKeys } from '../../config/effective.js'
import type { Config, ConfigKey } from '../../config/schema.js'
import type { EvaluationNumbers } from '../../evaluate/evaluation.js'
import { isOwnMetric, isShare, judgedApart, metricTitle, percent } from '../../evaluate/metric-names.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { type Bar, bars } from '../../plot/bars.js'
import { curves } from '../../plot/curves.js'
import type { Figure, FigureOptions } from '../../plot/figure.js'
import { labelColumns, totalOf } from '../../results/comparison.js'
import { NO_LABEL, type RunLabel } from '../../results/label.js'
import { configLabel, shownValue, type ValueNames } from '../sweep/grid.js'

/** One evaluation of a run, as its `evaluations.arrow` has it; shares as {@link EvaluationNumbers} explains them. */
export interface EvaluationRow extends EvaluationNumbers {
  readonly step: number
  /** Seconds of training until then, evaluations and saves not counted. */
  readonly trainSeconds: number
  /** Seconds of this evaluation. */
  readonly evaluationSeconds: number
}

/** A metric of evaluations that is a share. */
export type ShareMetric =
  | 'test.exact'
  | 'test.cells'
  | 'test.haltAccuracy'
  | 'test.halted'
  | 'test.valid'
  | 'test.optimal'
  | `test.pass@${number}`
  // A template type that editors complete the names above beside.
  | (`test.${string}` & {})

/** One row of a run's `metrics.arrow`: numbers by metric name, null where one is not known. */
export type MetricRow = Readonly<Record<string, number | null>> & { readonly step: number }

/** A run that has been made. */
export interface FinishedRun {
  readonly id: string
  readonly dir: string
  readonly config: Config
  readonly parameters: number
  /** The user's name, note and tags for it. */
  readonly label?: RunLabel
  /** The names that the grid of a sweep gave to its values, by key. */
  readonly names?: ValueNames
  readonly evaluations: readonly EvaluationRow[]
  readonly metrics: readonly MetricRow[]
}

/**
 * A line of {@link Runs.table}: what was varied, each value as the configuration has it (null where a key does not apply), then
 * the results of the last evaluation.
 */
export type RunRow = Readonly<Record<string, string | number | boolean | null>>

/** Several runs, to be compared. */
export class Runs {
  readonly all: readonly FinishedRun[]
  readonly #keys: readonly ConfigKey[]
  readonly #configs: readonly Config[]

  constructor(all: readonly FinishedRun[]) {
    this.all = all
    this.#configs = all.map((run) => run.config)
    this.#keys = differingKeys(this.#configs)
  }

  /** The label of a run: the values that set it apart; runs that differ in their seed only share one. */
  label(run: FinishedRun): string {
    return configLabel(run.config, this.#keys, run.names, this.#configs)
  }

  /**
   * One row a run: name, tags and note where a run has them, the keys that differ, seed, parameters, exact and cell accuracy of
   * the last evaluation (%), valid answers where their share is not that of exact ones, ARC's pass@2, metrics of your own,
   * seconds of training and of all evaluations. What is not known is null.
   */
  table(): RunRow[] {
    const criteria = judgedApart(this.all.flatMap((run) => run.evaluations.slice(-1)))
    const own = [...new Set(this.all.flatMap((run) => Object.keys(run.evaluations.at(-1) ?? {})))].filter(isOwnMetric)
    const votes = this.all.some((run) => run.evaluations.at(-1)?.['test.pass@2'] !== undefined)
    const labels = labelColumns(this.all.map(({ label }) => label ?? NO_LABEL))
    return this.all.map((run, i) => {
      const last = run.evaluations.at(-1)
      const differing = Object.fromEntries(
        this.#keys.map((key) => [key, shownValue(run.config, key, run.names, this.#configs)]),
      )
      return {
        ...(labels[i] as RunRow),
        ...(this.#keys.length > 0 ? differing : { model: run.config.model }),
        seed: run.config.seed,
        parameters: run.parameters,
        [metricTitle('test.exact')]: percent(last?.['test.exact']),
        ...Object.fromEntries(criteria.map((name) => [metricTitle(name), percent(last?.[name])])),
        [metricTitle('test.cells')]: percent(last?.['test.cells']),
        ...(votes ? { [metricTitle('test.pass@2')]: percent(last?.['test.pass@2']) } : {}),
        ...Object.fromEntries(own.map((metric) => [metricTitle(metric), last?.[metric as `test.${string}`] ?? null])),
        [metricTitle('trainSeconds')]: whole(last?.trainSeconds),
        [metricTitle('evaluationSeconds')]: whole(totalOf(run.evaluations, 'evaluationSeconds')),
        run: run.id,
      }
    })
  }

  /** The notebook's view: the table. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(this.table())
  }

  /**
   * Curves over the optimiser steps, the mean and range over the seeds for each label; gaps where a metric is not known.
   *
   * @param metric e.g. `test.exact`, `test.cells`, `train.loss`, `test.NAME` of a metric of your own; accuracies are drawn in percent
   */
  curves(metric: string, options: FigureOptions = {}): Figure {
    const share = isShare(metric)
    const lines = this.all.map((run) => {
      const rows: readonly MetricRow[] = metric.startsWith('test.')
        ? (run.evaluations as unknown as readonly MetricRow[])
        : run.metrics
      return {
        name: this.label(run),
        seed: run.config.seed,
        x: rows.map((row) => row.step),
        y: rows.map((row) => (row[metric] ?? Number.NaN) * (share ? 100 : 1)),
      }
    })
    return curves(lines, {
      x: 'optimiser step',
      y: metricTitle(metric),
      ...(share ? { range: [0, 100] as const } : {}),
      ...options,
    })
  }

  /** The last evaluation's values of a metric by label, one a seed, in percent; NaN where one is not known. */
  final(metric: ShareMetric): Map<string, number[]> {
    const values = new Map<string, number[]>()
    for (const run of this.all) {
      const value = percent(run.evaluations.at(-1)?.[metric]) ?? Number.NaN
      values.set(this.label(run), [...(values.get(this.label(run)) ?? []), value])
    }
    return values
  }

  /**
   * Bars of the mean with range over the seeds, with published numbers beside them, marked "reported".
   *
   * @param reported published values in percent, by label
   */
  bars(
    metric: ShareMetric,
    reported: Readonly<Record<string, number>> = {},
    options: FigureOptions & { names?: Readonly<Record<string, string>>; reportedAs?: string } = {},
  ): Figure {
    const { names = {}, reportedAs, ...figure } = options
    const groups = [...this.final(metric)].map(([label, values]): Bar => {
      const value = Object.hasOwn(reported, label) ? reported[label] : undefined
      return { name: names[label] ?? label, values, ...(value === undefined ? {} : { reported: value }) }
    })
    return bars(groups, {
      y: metricTitle(metric),
      range: [0, 108],
      ...(reportedAs ? { reported: reportedAs } : {}),
      ...figure,
    })
  }
}

/** A run that a notebook shows as its row of {@link Runs.table}. */
export function showable(run: FinishedRun): FinishedRun {
  return Object.defineProperty({ ...run }, JUPYTER_DISPLAY, { value: () => bundleOf(new Runs([run]).table()) })
}

function whole(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : Math.round(seconds)
}
