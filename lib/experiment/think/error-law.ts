import { UserError } from '../../errors.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { type LadderFigureOptions, ladderFigure } from '../../plot/ladder.js'
import { chosenCurves } from '../../plot/reported-curves.js'
import { type CaptionedFigure, withSources } from '../../plot/sources.js'
import type { CurveOptions } from '../../recording/curves.js'
import type { Select } from '../../recording/points.js'
import type { ReportedCurve } from '../../results/reported/series.js'
import type { ReportedCurveFilter } from '../../results/reported.js'
import { DEFAULT_LEVEL, type Estimate, scaled } from '../../statistics/estimate.js'
import type { PowerLaw } from '../../statistics/power-law.js'
import { halfWidth, intervalText, levelText, plusMinus } from '../../statistics/rounding.js'
import { sourcesOfRecordings } from './figures.js'
import { lawText } from './ladder-result.js'
import { notedTable } from './noted-table.js'
import type { RolloutRecording } from './rollout-recording.js'
import { accuraciesOf, type FitRange, lawOf } from './scaling-law.js'

/** Options of {@link errorLaw}. */
export interface ErrorLawOptions extends Pick<CurveOptions, 'metric' | 'depth' | 'rollouts'> {
  /** Default `rollouts`. */
  readonly x?: 'depth' | 'rollouts'
  /** Default `q`. */
  readonly select?: Select
  /** Values of x that the law is fitted to, from the first to the last. Default: all. */
  readonly fit?: FitRange
  /** Confidence level of all intervals. Default 0.95. */
  readonly level?: number
}

/** Options of {@link ErrorLaw.figure}. */
export interface ErrorLawFigure extends Omit<LadderFigureOptions, 'reported' | 'mark' | 'symbol'> {
  /** Published curves over the same quantity behind: a filter, or curves. Default: none. */
  readonly reported?: ReportedCurveFilter | readonly ReportedCurve[]
}

/** A selector's error over rollouts or depth, with its power law, shown as a table. */
export class ErrorLaw {
  readonly recording: RolloutRecording
  readonly x: 'depth' | 'rollouts'
  readonly select: Select
  readonly metric: string
  /** Values of x, ascending. */
  readonly xs: readonly number[]
  /** `[xs]` accuracy over puzzles, as a share. */
  readonly accuracies: readonly Estimate[]
  /** error = a·K^(−c), or a·D^(−b); null where no two points have an error. */
  readonly law: PowerLaw | null

  constructor(parts: Pick<ErrorLaw, 'recording' | 'x' | 'select' | 'metric' | 'xs' | 'accuracies' | 'law'>) {
    this.recording = parts.recording
    this.x = parts.x
    this.select = parts.select
    this.metric = parts.metric
    this.xs = parts.xs
    this.accuracies = parts.accuracies
    this.law = parts.law
  }

  get #symbol(): 'D' | 'K' {
    return this.x === 'depth' ? 'D' : 'K'
  }

  /** Returns a row per value of x: accuracy (%) with its interval, number of puzzles. */
  table(): Row[] {
    return this.xs.map((x, i): Row => {
      const percent = scaled(this.accuracies[i]!, 100)
      return {
        [this.#symbol]: x,
        [metricTitle(`test.${this.metric}`)]: plusMinus(percent.value, halfWidth(percent)),
        [levelText(percent.level)]: intervalText(percent),
        puzzles: percent.n,
      }
    })
  }

  /** Returns accuracy, or the error, over x on a logarithmic axis with the fitted law; published curves are grey behind it. */
  figure({ reported, ...options }: ErrorLawFigure = {}): CaptionedFigure {
    const title = metricTitle(`test.${this.metric}`)
    const line = {
      name: this.select,
      x: this.xs,
      accuracy: this.accuracies.map((accuracy) => scaled(accuracy, 100)),
      law: this.law,
    }
    const figure = ladderFigure([line], {
      x: this.x === 'depth' ? 'supervision steps D' : 'rollouts K',
      y: options.shows === 'error' ? `100 − ${title}` : title,
      symbol: this.#symbol,
      ...(reported === undefined ? {} : { reported: chosenCurves(reported) }),
      ...options,
    })
    return withSources(figure, sourcesOfRecordings([this.recording]))
  }

  /** Returns sentences on what the table stands for. */
  footnotes(): string[] {
    const { facts, id } = this.recording
    const { settings } = facts
    const fixed = this.x === 'depth' ? `K = ${settings.rollouts}` : `D = ${settings.depth}`
    return [
      `${id}: selector ${this.select}, at most ${fixed}, σ = ${settings.noise}; ${facts.subset.name} (${facts.subset.hash.slice(0, 12)}).`,
      this.law === null ? 'No power law: the error is 0, or only one point has one.' : lawText(this.law, this.#symbol),
    ]
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return notedTable(this.table(), this.footnotes())
  }
}

/**
 * Returns the power law of a selector's error over the number of rollouts, error ∝ K^(−c), or over depth, error ∝ D^(−b), by
 * least squares of the logarithms, with the interval of a bootstrap over puzzles.
 *
 * No published law; PTRM's pass@K on PPBench fails as K^(−0.19) (read off arXiv 2605.19943, figure 6).
 *
 * @example
 * show(errorLaw(recording, { select: 'pass@k' }).figure({ shows: 'error', reported: { series: 'ptrm.ppbench.k' } }))
 * @throws UserError for a selector or a metric that the recording cannot answer, values beyond it, and a range without two points.
 */
export function errorLaw(recording: RolloutRecording, options: ErrorLawOptions = {}): ErrorLaw {
  const { x = 'rollouts', select = 'q', metric = 'exact', level = DEFAULT_LEVEL, fit, depth, rollouts } = options
  if (x !== 'rollouts' && x !== 'depth')
    throw new UserError({ where: 'errorLaw, x', expected: 'rollouts or depth', found: String(x), exitCode: 2 })
  const { points, units } = recording.scores({
    x,
    select,
    metric,
    ...(depth === undefined ? {} : { depth }),
    ...(rollouts === undefined ? {} : { rollouts }),
  })
  const xs = points.map((point) => point[x])
  if (new Set(xs).size < xs.length)
    throw new UserError({
      where: 'errorLaw',
      expected: `one point at each ${x}`,
      found: `several: both depth and rollouts are lists`,
      todo: `Give one value of ${x === 'depth' ? 'rollouts' : 'depth'}.`,
      exitCode: 2,
    })
  return new ErrorLaw({
    recording,
    x,
    select,
    metric,
    xs,
    accuracies: accuraciesOf(units, level),
    law: lawOf(xs, units, { from: 1, asked: fit, level }),
  })
}
