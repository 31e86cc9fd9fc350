import { macText } from '../../evaluate/mac-units.js'
import { metricName, metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { type LadderFigureOptions, ladderFigure } from '../../plot/ladder.js'
import { chosenCurves } from '../../plot/reported-curves.js'
import { type CaptionedFigure, withSources } from '../../plot/sources.js'
import type { PaperRows } from '../../results/export.js'
import { ACCURACY } from '../../results/reported/row.js'
import type { ReportedCurve } from '../../results/reported/series.js'
import { type ReportedCurveFilter, reportedCurvesWhere } from '../../results/reported.js'
import { type Estimate, scaled } from '../../statistics/estimate.js'
import { type PowerLaw, powerLaw, powerText } from '../../statistics/power-law.js'
import { halfWidth, intervalText, levelText, plusMinus, rounded } from '../../statistics/rounding.js'
import type { UnitScores } from '../../statistics/unit-scores.js'
import { floorText, type NumericFloor } from './floor.js'
import { notedTable, sentences, stepsText } from './noted-table.js'
import type { Subset } from './subset.js'

/** Accuracy after a number of supervision steps. */
export interface Rung {
  /** D. */
  readonly depth: number
  /** Multiply-accumulates per row that is evaluated; null with a custom mixer, whose are unknown. */
  readonly macs: number | null
  /** The ladder's metric, as a share. */
  readonly accuracy: Estimate
  /** Every metric of the pass by name, as shares. */
  readonly metrics: Readonly<Record<string, Estimate>>
}

/** Facts behind the numbers of a ladder. */
export interface LadderFacts {
  /** The run's ID, or the file. */
  readonly id: string
  readonly isRun: boolean
  /** Optimiser steps behind the weights; null if unknown. */
  readonly step: number | null
  readonly task: string
  readonly dataHash: string
  /** The puzzles. */
  readonly subset: Subset
  /** The type that the model was computed in. */
  readonly dtype: string
  /** Most supervision steps of a puzzle in training. */
  readonly trainedDepth: number
  /** Seconds of the pass. */
  readonly seconds: number
  /** Puzzles whose answer at the largest depth depends on the precision; null where it was not measured. */
  readonly floor: NumericFloor | null
  /** Remarks on the weights, one sentence each. */
  readonly notes: readonly string[]
}

/** Options of {@link Ladder.figure}. */
export interface LadderFigure extends Omit<LadderFigureOptions, 'reported' | 'mark' | 'symbol'> {
  /** Published depth ladders behind: a filter, curves, or `none`. Default: those of Sudoku-Extreme for Sudoku, else none. */
  readonly reported?: ReportedCurveFilter | readonly ReportedCurve[] | 'none'
}

/** Supervision steps of published training, from where the laws of published ladders are fitted. */
const PUBLISHED_DEPTH = 16

/** Accuracy by depth of one set of weights, with a power law of its error, shown as a table. */
export class Ladder {
  readonly facts: LadderFacts
  /** Name of the metric behind `accuracy` and the law. */
  readonly metric: string
  /** By depth, ascending. */
  readonly rungs: readonly Rung[]
  /** error = a·D^(−b), the error as a share; null where no two depths have an error. */
  readonly law: PowerLaw | null
  /** Scores of the metric by puzzle, `[rungs]` each. */
  readonly units: readonly UnitScores[]

  constructor(parts: Pick<Ladder, 'facts' | 'metric' | 'rungs' | 'law' | 'units'>) {
    this.facts = parts.facts
    this.metric = parts.metric
    this.rungs = parts.rungs
    this.law = parts.law
    this.units = parts.units
  }

  /** Iterates over the rungs. */
  [Symbol.iterator](): IterableIterator<Rung> {
    return this.rungs[Symbol.iterator]()
  }

  /** Returns the rung of a depth; undefined if there is none. */
  at(depth: number): Rung | undefined {
    return this.rungs.find((rung) => rung.depth === depth)
  }

  /** Returns a row per depth for display: every metric with half its interval (%), number of puzzles, MACs per puzzle. */
  table(): Row[] {
    const shown = this.#metrics()
    return this.rungs.map(({ depth, macs, accuracy, metrics }): Row => {
      const main = scaled(accuracy, 100)
      return {
        D: depth,
        [metricTitle(this.metric)]: plusMinus(main.value, halfWidth(main)),
        [levelText(accuracy.level)]: intervalText(main),
        ...Object.fromEntries(
          shown.map((name) => [metricTitle(name), plusMinus(100 * metrics[name]!.value, half(metrics[name]!))]),
        ),
        [this.metric.includes('pass@') ? 'tasks' : 'puzzles']: accuracy.n,
        'compute per puzzle': macs === null ? null : `${macText(macs)} (${macText(2 * macs).replace('MAC', 'FLOP')})`,
      }
    })
  }

  /** Metrics beside the main one: criteria whose shares equal the main one's are left out. */
  #metrics(): string[] {
    const names = Object.keys(this.rungs[0]!.metrics).filter((name) => name !== this.metric)
    return names.filter((name) => this.rungs.some(({ accuracy, metrics }) => metrics[name]!.value !== accuracy.value))
  }

  /**
   * Returns a row per depth as numbers, for files: `depth`, `macs` per row, and of every metric the share, the ends of its
   * interval and the number of puzzles (`test.exact`, `test.exact.low`, `test.exact.high`, `test.exact.n`).
   */
  rows(): Row[] {
    return this.rungs.map(({ depth, macs, metrics }): Row => {
      const columns = Object.entries(metrics).flatMap(([name, { value, low, high, n }]) => [
        [name, value] as const,
        [`${name}.low`, low] as const,
        [`${name}.high`, high] as const,
        [`${name}.n`, n] as const,
      ])
      return { depth, macs, ...Object.fromEntries(columns) }
    })
  }

  /** Returns the rows with their estimates, for tables of a paper: `toLatex(ladder)`. */
  forPaper(): PaperRows {
    const rows = this.rungs.map(({ depth, macs, accuracy }) => ({
      D: depth,
      [metricTitle(this.metric)]: scaled(accuracy, 100),
      GMAC: macs === null ? null : macs / 1e9,
    }))
    return { rows, notes: this.footnotes() }
  }

  /**
   * Returns exponents b of error ∝ D^(−b) for display: this ladder's with its interval, and those that published ladders
   * have by least squares from their trained depth of 16 on, with Student's interval over the depths.
   */
  exponents(): Row[] {
    const { law } = this
    return [
      ...(law === null ? [] : [exponentRow(this.facts.id, law, null)]),
      ...reportedLadders().map((curve) => {
        const points = curve.xs.flatMap((x, i) => (x >= PUBLISHED_DEPTH ? [{ x, y: (100 - curve.ys[i]!) / 100 }] : []))
        return exponentRow(`reported: ${curve.method} (${curve.task})`, powerLaw(points), curve.source)
      }),
    ]
  }

  /**
   * Returns accuracy, or the error, over depth on a logarithmic axis with intervals and the fitted law; published ladders are
   * grey behind it. The broken vertical line is the trained depth.
   *
   * @throws UserError if no published curve matches `reported`.
   */
  figure({ reported, ...options }: LadderFigure = {}): CaptionedFigure {
    const { facts, metric } = this
    const isError = options.shows === 'error'
    const line = {
      name: facts.id,
      x: this.rungs.map(({ depth }) => depth),
      accuracy: this.rungs.map(({ accuracy }) => scaled(accuracy, 100)),
      law: this.law,
    }
    const figure = ladderFigure([line], {
      x: 'supervision steps D',
      y: isError ? `100 − ${metricName(metric)} (%)` : metricTitle(metric),
      mark: { at: facts.trainedDepth, text: `trained with ${facts.trainedDepth}` },
      reported: this.#reported(reported),
      ...options,
    })
    return withSources(figure, {
      ...(facts.isRun ? { runs: [facts.id] } : { weights: [facts.id] }),
      data: [facts.dataHash],
      subsets: [subsetText(facts.subset)],
      precision: [[facts.dtype, ...(facts.floor ? [floorText(facts.floor)] : [])].join('; ')],
    })
  }

  #reported(which: LadderFigure['reported']): readonly ReportedCurve[] {
    if (which === 'none') return []
    if (which !== undefined) return chosenCurves(which)
    const { task } = this.facts
    // Data sets of the papers are named after their task: Sudoku-Extreme.
    const isOfTask = (curve: ReportedCurve): boolean => curve.task.toLowerCase().startsWith(task)
    return this.metric === 'test.exact' ? reportedLadders().filter(isOfTask) : []
  }

  /** Returns sentences on what the table stands for: weights, puzzles, precision, the law and its range. */
  footnotes(): string[] {
    const { id, step, subset, dtype, trainedDepth, seconds, floor, notes } = this.facts
    const { method } = this.rungs[0]!.accuracy
    return [
      `${id}${step === null ? '' : `, step ${step}`}, trained with ${stepsText(trainedDepth)}; ${subsetText(subset)}; ${dtype}; ${rounded(seconds).value} s for one pass to D = ${this.rungs.at(-1)!.depth}.`,
      `Intervals: ${method === 'wilson' ? "Wilson's" : 'a bootstrap'} over puzzles.`,
      this.law === null ? `No power law: the error is 0, or only one depth has one.` : lawText(this.law),
      ...(floor === null ? [] : [`Numerical floor: ${floorText(floor)}.`]),
      ...sentences(notes),
    ]
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return notedTable(this.table(), this.footnotes())
  }
}

/** Returns the published depth ladders on Sudoku-Extreme with three depths or more past the trained one. */
export function reportedLadders(): readonly ReportedCurve[] {
  return reportedCurvesWhere({ series: 'depth.' }).filter(
    ({ task, x, xs, metric }) =>
      task === 'Sudoku-Extreme' &&
      x === 'D' &&
      metric === ACCURACY &&
      xs.filter((at) => at >= PUBLISHED_DEPTH).length >= 3,
  )
}

/** r² below which a law is said to describe its points poorly. */
const POOR_FIT = 0.9

/** Returns a law in words: `error ∝ D^(−0.42 ± 0.05), fitted to 5 depths from 16 to 256, r² 0.99`. */
export function lawText(law: PowerLaw, symbol = 'D'): string {
  const { exponent, points, from, to, r2 } = law
  const interval = exponent.low === null ? 'no interval' : levelText(exponent.level)
  const how = exponent.method === 'bootstrap' ? `, bootstrap over ${exponent.n} puzzles` : ''
  return `${powerText(law, symbol)} (${interval}${how}), fitted to ${points} values of ${symbol} from ${from} to ${to}, r² ${rounded(r2).value}.${r2 < POOR_FIT ? ' A power law describes them poorly.' : ''}`
}

/** Returns the puzzles of a number in words with their hash. */
export function subsetText({ name, hash }: Subset): string {
  return `${name} (${hash.slice(0, 12)})`
}

function exponentRow(name: string, { exponent, from, to, points, r2, endToEnd }: PowerLaw, source: string | null): Row {
  return {
    ladder: name,
    b: plusMinus(exponent.value, halfWidth(exponent)),
    [levelText(exponent.level)]: intervalText(exponent),
    interval:
      exponent.method === null
        ? null
        : exponent.method === 't'
          ? `Student's t, ${points} depths`
          : `bootstrap, ${exponent.n} puzzles`,
    'fitted on D': `${from} to ${to}`,
    'b end to end': rounded(endToEnd, null, 2).value,
    'r²': rounded(r2).value,
    source,
  }
}

function half(estimate: Estimate): number | null {
  return halfWidth(scaled(estimate, 100))
}
