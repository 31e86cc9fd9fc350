import { UserError } from '../../errors.js'
import { macText } from '../../evaluate/mac-units.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import type { FigureOptions } from '../../plot/figure.js'
import { frontierFigure } from '../../plot/frontier.js'
import { type CaptionedFigure, withSources } from '../../plot/sources.js'
import { type Estimate, scaled } from '../../statistics/estimate.js'
import { grouped } from '../../statistics/grouped.js'
import { halfWidth, intervalText, levelText, plusMinus } from '../../statistics/rounding.js'
import { sourcesOfRuns } from '../compare/figure-sources.js'
import { notedTable, sentences } from './noted-table.js'

/** Accuracy of a configuration at one depth and number of rollouts. */
export interface ScalingPoint {
  /** The keys that set the configuration apart, e.g. `T 3, n 6`. */
  readonly label: string
  /** D. */
  readonly depth: number
  /** K. */
  readonly rollouts: number
  /** Multiply-accumulates per puzzle. */
  readonly macs: number
  /** As a share: over seeds, or over the puzzles of a single run. */
  readonly accuracy: Estimate
  readonly seeds: number
  /** IDs of the runs. */
  readonly runs: readonly string[]
}

/** Accuracy against compute of several configurations, shown as a table. */
export class Scaling {
  /** By configuration, then rollouts and depth. */
  readonly points: readonly ScalingPoint[]
  readonly metric: string
  readonly dataHash: string
  readonly notes: readonly string[]
  readonly #runs: readonly { readonly id: string; readonly dir: string }[]

  constructor(
    points: readonly ScalingPoint[],
    about: Pick<Scaling, 'metric' | 'dataHash' | 'notes'> & {
      readonly runs: readonly { readonly id: string; readonly dir: string }[]
    },
  ) {
    this.points = points
    this.metric = about.metric
    this.dataHash = about.dataHash
    this.notes = about.notes
    this.#runs = about.runs
  }

  /**
   * Returns the points that no other point beats with as little compute, by ascending compute and accuracy: the best of many
   * measured values, which flatters them.
   */
  frontier(): ScalingPoint[] {
    const sorted = this.points.toSorted((a, b) => a.macs - b.macs || b.accuracy.value - a.accuracy.value)
    const best: ScalingPoint[] = []
    for (const point of sorted)
      if (best.length === 0 || point.accuracy.value > best.at(-1)!.accuracy.value) best.push(point)
    return best
  }

  /**
   * Returns a row per configuration and number of rollouts with the depth that comes closest to a budget from below, most
   * accurate first.
   *
   * @param macs multiply-accumulates per puzzle. Default: the most that every configuration reaches
   * @throws UserError (exit code 2) for a budget below that of every point.
   */
  atEqualCompute(macs: number = this.#sharedBudget()): Row[] {
    const within = [...this.#curves()].flatMap(([, curve]) => {
      const reached = curve.filter((point) => point.macs <= macs * (1 + 1e-9))
      return reached.length === 0 ? [] : [reached.reduce((a, b) => (b.macs > a.macs ? b : a))]
    })
    if (within.length === 0)
      throw new UserError({
        where: 'atEqualCompute',
        expected: `${macText(Math.min(...this.points.map((point) => point.macs)))} or more, the least that was measured`,
        found: macText(macs),
        exitCode: 2,
      })
    return within.toSorted((a, b) => b.accuracy.value - a.accuracy.value).map((point) => this.#row(point))
  }

  /** Returns a row per point. */
  table(): Row[] {
    const best = new Set(this.frontier())
    return this.points.map((point) => ({ ...this.#row(point), frontier: best.has(point) }))
  }

  /** Returns a curve of accuracy against compute for each configuration and number of rollouts, and the frontier as steps. */
  figure(options: FigureOptions = {}): CaptionedFigure {
    const lines = [...this.#curves()].map(([name, curve]) => ({
      name,
      macs: curve.map(({ macs }) => macs),
      accuracy: curve.map(({ accuracy }) => scaled(accuracy, 100)),
      hover: curve.map((point) => `D ${point.depth}, K ${point.rollouts}: ${shareText(point.accuracy)} %`),
    }))
    const frontier = this.frontier().map(({ macs, accuracy }) => ({ macs, accuracy: 100 * accuracy.value }))
    const { log: _, ...rest } = options
    const figure = frontierFigure(lines, frontier, { y: metricTitle(this.metric), ...rest })
    const { data: __, ...sources } = sourcesOfRuns(this.#runs)
    return withSources(figure, { ...sources, data: [this.dataHash], precision: ['float32'] })
  }

  /** Returns sentences on what the table stands for. */
  footnotes(): string[] {
    const single = this.points.some(({ seeds }) => seeds === 1)
    const several = this.points.some(({ seeds }) => seeds > 1)
    return [
      `Compute is that of one puzzle's evaluation: the multiply-accumulates of D supervision steps of K rollouts; a FLOP count is twice as large.`,
      [
        several ? "Intervals over seeds are Student's" : '',
        single ? "intervals of a single run are Wilson's over its puzzles, and say nothing of other seeds" : '',
      ]
        .filter(Boolean)
        .join('; ')
        .replace(/^i/, 'I')
        .concat('.'),
      'The frontier is the best of many measured values, which flatters it.',
      ...sentences(this.notes),
    ]
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return notedTable(this.table(), this.footnotes())
  }

  #row({ label, depth, rollouts, macs, accuracy, seeds }: ScalingPoint): Row {
    return {
      configuration: label,
      K: rollouts,
      D: depth,
      compute: macText(macs),
      [metricTitle(this.metric)]: shareText(accuracy),
      [levelText(accuracy.level)]: intervalText(scaled(accuracy, 100)),
      seeds,
    }
  }

  /** Returns the points by name, in order of compute. */
  #curves(): Map<string, ScalingPoint[]> {
    const several = this.points.some(({ rollouts }) => rollouts > 1)
    const name = ({ label, rollouts }: ScalingPoint): string => (several ? `${label}, K ${rollouts}` : label)
    const curves = grouped(this.points, name)
    for (const curve of curves.values()) curve.sort((a, b) => a.macs - b.macs)
    return curves
  }

  #sharedBudget(): number {
    return Math.min(...[...this.#curves().values()].map((curve) => Math.max(...curve.map(({ macs }) => macs))))
  }
}

function shareText(accuracy: Estimate): string {
  const percent = scaled(accuracy, 100)
  return plusMinus(percent.value, halfWidth(percent))
}
