import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import type { EvaluationNumbers } from '../../evaluate/evaluation.js'
import { isOwnMetric, judgedApart, percent, titledRow } from '../../evaluate/metric-names.js'
import type { EvaluationSpent } from '../../evaluate/spent.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import type { HeatmapOptions } from '../../plot/heatmap.js'
import type { PairedOptions } from '../../plot/paired.js'
import type { Picture } from '../../plot/picture.js'
import type { GalleryChoice } from '../../plot/puzzle.js'
import type { ReportedMark } from '../../plot/reported-marks.js'
import { type CaptionedFigure, withSources } from '../../plot/sources.js'
import { type ComparedRun, Comparison } from '../../results/comparison.js'
import type { ValueNames } from '../../results/config-comparison.js'
import type { RunLabel } from '../../results/label.js'
import type { EndReason } from '../../results/run.js'
import type { TrainingTotals } from '../../train/metrics.js'
import { runMember } from './arm.js'
import type { ArmChoice } from './choose-arm.js'
import { type ArmComparison, type CompareOptions, compareArms } from './compare.js'
import { sourcesOfRuns } from './figure-sources.js'
import {
  barsOfRuns,
  checkCurves,
  gridOfRuns,
  pairedRuns,
  parallelOfRuns,
  pointsOfRuns,
  type RunBarsOptions,
  type RunGridOptions,
  type RunParallelOptions,
  type RunPointsOptions,
} from './figures.js'
import { directionOf } from './measured.js'
import {
  type ByRatingOptions,
  byRatingOfRuns,
  confusionOfRuns,
  type OfLabel,
  puzzlesOfRuns,
} from './outcome-figures.js'
import { curvesOfRuns, type RunCurvesOptions } from './run-curves.js'
import { type Summary, type SummaryOptions, summarise } from './summary.js'
import { type TimesTo, timesTo } from './time-to.js'

/**
 * One evaluation of a run, as a row of its `evaluations.arrow`; see {@link EvaluationNumbers}. Those of stored runs have
 * every total of training until then and what the evaluation took, save joules where the machine does not tell them.
 */
export interface EvaluationRow extends EvaluationNumbers, Partial<TrainingTotals>, Partial<EvaluationSpent> {
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
  /** Code, data and machine of the run; default: unknown. */
  readonly provenance?: Readonly<Record<string, unknown>>
}

/**
 * A row of {@link Runs.table}: the varied keys, each value as {@link Comparison} has it (null where a key does not apply), then
 * the results of the last evaluation.
 */
export type RunRow = Readonly<Record<string, string | number | boolean | null>>

/** Columns of compute in {@link Runs.table}; `recurlab runs --all` shows the others too. */
const SHOWN_COMPUTE = ['trainCpuSeconds', 'trainMacs']

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
   * one ended before its last step, the best value of runs that have collapsed, exact and cell
   * accuracy of the last evaluation (%), valid answers if their share differs from that of exact ones, ARC's pass@2, custom
   * metrics, seconds of training and of all evaluations, processor seconds and MACs of training. Unknown values are null.
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
      ...metrics.filter((name) => name === 'ended' || name === 'collapsed'),
      'test.exact',
      ...judgedApart(rows),
      'test.cells',
      ...metrics.filter((name) => name === 'test.pass@2'),
      ...metrics.filter(isOwnMetric),
      ...metrics.filter((name) => name === 'skippedUpdates'),
      'trainSeconds',
      'evaluationSeconds',
      ...SHOWN_COMPUTE.filter((name) => metrics.includes(name)),
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
   * Returns one row per configuration (runs that differ only by their seed): number of seeds, mean, SD and 95 % interval of
   * the last evaluation, the best checkpoint, count and denominator. A notebook shows it as a table.
   *
   * @param metric default `test.exact`
   * @example
   * runs.summary('test.exact').row('mlp')?.last // { value: 96.6, low: 91.7, high: 101.4, n: 3, … }
   * @throws UserError (exit code 2) for a metric that no run has.
   */
  summary(metric: string = 'test.exact', options: SummaryOptions = {}): Summary {
    return summarise(this.all, metric, options)
  }

  /**
   * Compares two arms by a metric of their last evaluations: paired by seed where seeds are shared, else by Welch's t; one
   * run each by its puzzles. The result has the difference with interval, test and effect, a verdict in words and warnings.
   *
   * @param a a label, a filter of configurations, runs, or evaluations made afterwards
   * @param metric default `test.exact`
   * @example
   * runs.compare('mlp', 'attention').verdict // mlp better by 95.7 ± 2.1 points, 3 seeds; the paper: 12.7
   * runs.compare({ mixer: 'mlp' }, arm('live weights', evaluations))
   * @throws UserError (exit code 2) for an unknown arm or metric.
   */
  compare(a: ArmChoice, b: ArmChoice, metric: string = 'test.exact', options: CompareOptions = {}): ArmComparison {
    return compareArms(this.all, a, b, metric, options)
  }

  /**
   * Returns curves over optimiser steps, or over what training took until then: for each label the mean and its 95 %
   * interval over seeds, with gaps where the metric is unknown. Where a run evaluates both sets of weights, those of the live ones are
   * lines of their own.
   *
   * @param metric e.g. `test.exact`, `test.cells`, `train.loss`, `test.NAME` of a custom metric; accuracies are drawn in
   * percent
   * @example
   * runs.curves('test.exact', { x: 'macs' })
   * @throws UserError for a metric or a quantity that no run has.
   */
  curves(metric: string, options: RunCurvesOptions = {}): CaptionedFigure {
    checkCurves(this.all, metric)
    const better = directionOf(metric, this.all.map(runMember)) ?? 'higher'
    return this.#sourced(curvesOfRuns(this.all, (run) => this.label(run), metric, { better, ...options }))
  }

  /**
   * Returns what each run took until a metric was first at or above a value: steps, MACs, seconds of the clock and of the
   * processor. A notebook shows it as a table; `summary()` has the mean over seeds with its interval, `summaryTable()` the same as text.
   *
   * @example
   * runs.timeTo('test.exact', 0.9).runs[0]?.trainMacs
   * @throws UserError for a value that is no number, a percentage in place of a share, or a metric that no run has.
   */
  timeTo(metric: string, atLeast: number): TimesTo {
    return timesTo(this.all, (run) => this.label(run), metric, atLeast)
  }

  #sourced(figure: CaptionedFigure): CaptionedFigure {
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
   * Returns bars of the mean with its 95 % interval (over seeds; over puzzles for a single run), next to published numbers,
   * which are marked "reported".
   *
   * @param reported published values by label, in percent for a share; rows of the paper's tables bring their source
   * @throws UserError for a metric that no run has.
   */
  bars(
    metric: ShareMetric,
    reported: Readonly<Record<string, number | ReportedMark>> = {},
    options: RunBarsOptions = {},
  ): CaptionedFigure {
    return this.#sourced(barsOfRuns(this.all, metric, reported, options))
  }

  /**
   * Returns a point for each label, with intervals: a metric at the last evaluation against the parameters, the depth, or what
   * the run took until then.
   *
   * @example
   * runs.points('test.exact', { x: 'macs' })
   * runs.points('test.exact', { x: 'parameters', reported: { table: '4', task: 'Sudoku' } })
   * @throws UserError for a metric or a quantity that no run has.
   */
  points(metric: string, options: RunPointsOptions = {}): CaptionedFigure {
    return this.#sourced(pointsOfRuns(this.all, metric, options))
  }

  /**
   * Returns a metric of two labels seed by seed, joined by lines, with the mean difference a − b and its 95 % interval.
   *
   * @param a label of the first arm, e.g. `mlp`
   * @throws UserError for an unknown label or metric, and where the labels share no seed.
   */
  paired(a: string, b: string, metric: string = 'test.exact', options: PairedOptions = {}): CaptionedFigure {
    return this.#sourced(pairedRuns(this.all, a, b, metric, options))
  }

  /**
   * Returns a share of test puzzles by their rating, with intervals: over the puzzles of a bin (Wilson) for a single run of a
   * label, over seeds for several.
   *
   * @param metric `test.exact`, or a criterion of the task's judge, e.g. `test.valid`
   * @throws UserError for a run without outcomes, and for a data set without ratings.
   */
  byRating(metric: string = 'test.exact', options: ByRatingOptions = {}): CaptionedFigure {
    return this.#sourced(byRatingOfRuns(this, metric, options))
  }

  /**
   * Returns a heat map of a metric over the two keys that vary, with means and intervals printed.
   *
   * @param metric default `test.exact`
   * @throws UserError unless the runs differ in two keys.
   */
  grid(metric: string = 'test.exact', options: RunGridOptions = {}): CaptionedFigure {
    return this.#sourced(gridOfRuns(this.all, metric, options))
  }

  /**
   * Returns parallel coordinates: an axis for each key that varies and one for the metric, a line for each run.
   *
   * @param metric default `test.exact`
   * @throws UserError for runs that differ in no key, and for a metric that no run has.
   */
  parallel(metric: string = 'test.exact', options: RunParallelOptions = {}): CaptionedFigure {
    return this.#sourced(parallelOfRuns(this.all, this.#comparison, metric, options))
  }

  /**
   * Returns a heat map of predicted against right tokens: the cells that the puzzles leave blank, over all seeds of a label.
   *
   * @param data the data set of the runs, e.g. `await datasetOf(run.config)`
   * @throws UserError for a run without outcomes, other data, and without `of` where there are several labels.
   */
  confusion(data: Dataset, options: OfLabel & HeatmapOptions = {}): CaptionedFigure {
    return this.#sourced(confusionOfRuns(this, data, options))
  }

  /**
   * Returns a picture of solved and failed test puzzles of a label's first run, with wrong cells framed.
   *
   * @param data the data set of the runs
   * @throws UserError for a run without outcomes, other data, and without `of` where there are several labels.
   */
  puzzles(data: Dataset, options: OfLabel & GalleryChoice = {}): Picture {
    return puzzlesOfRuns(this, data, options)
  }
}

/** Returns a run that a notebook shows as its row of {@link Runs.table}. */
export function showable(run: FinishedRun): FinishedRun {
  return Object.defineProperty({ ...run }, JUPYTER_DISPLAY, { value: () => bundleOf(new Runs([run]).table()) })
}
