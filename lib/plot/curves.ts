import { mean } from '../statistics/estimate.js'
import { rounded } from '../statistics/rounding.js'
import type { FigureOptions } from './figure.js'
import { makeFigure } from './figure.js'
import { type Line, lineTraces, type Numbers } from './line.js'
import { type BetterOption, manyColor, moreText, namedAndOthers } from './looks.js'
import { type CaptionedFigure, withSources } from './sources.js'
import {
  type Band,
  type BandOptions,
  bandKey,
  bandSentence,
  bandText,
  checkBand,
  keyTrace,
  type Spread,
  spreadOf,
  spreadText,
} from './spread.js'
import { colorOf, dashOf, markerOf } from './template.js'

/** One run's curve. */
export interface Curve {
  /** The varied setting, e.g. `mlp`: runs of the same name share a colour. */
  readonly name: string
  /** Distinguishes runs of the same name, e.g. the seed. */
  readonly seed?: number
  readonly x: Numbers
  readonly y: Numbers
}

/** Options of {@link curves}. */
export interface CurvesOptions extends FigureOptions, BandOptions, BetterOption {
  /** `mean`: the mean over seeds with its band; `run`: a line for every run. Default `mean`. */
  readonly each?: 'mean' | 'run'
}

/** The runs of one name. */
type Group = readonly [name: string, members: readonly Curve[]]

/**
 * Returns curves of runs, grouped by name: the mean over seeds with a band, by default its 95 % interval. If runs differ in
 * length (some are still training), the mean at x is over those that have reached it; hovering over a point shows their
 * number. One seed has no band. Of more than twelve names the legend has the five that end best; the others are grey.
 *
 * @throws UserError for an unknown band.
 */
export function curves(runs: readonly Curve[], options: CurvesOptions = {}): CaptionedFigure {
  const { each = 'mean', band = 'interval' } = options
  checkBand(band)
  const { named, others } = namedAndOthers(groupByName(runs), lastMean, options)
  const lines = named.flatMap(([name, members], place): Line[] => {
    const look = { color: colorOf(place), dash: dashOf(place), marker: markerOf(place) }
    return each === 'run' || members.length === 1
      ? members.map((run, i) => runLine(run, look, i === 0))
      : [meanLine(name, members, look, band)]
  })
  const counts = each === 'run' ? [] : named.map(([, members]) => members.length)
  const figure = makeFigure(
    [
      // Below the named lines.
      ...lineTraces(
        others.flatMap((group) => greyLines(group, each)),
        options,
      ),
      ...lineTraces(lines, options),
      ...(others.length > 0 ? [keyTrace(moreText(others.length), { color: manyColor, symbol: 'line-ew-open' })] : []),
      ...bandKey(band, counts),
    ],
    options,
  )
  return withSources(figure, { bands: bandSentence('Bands', bandText(band, counts)) })
}

/** Returns the mean of the last finite values of a group's runs. */
function lastMean([, members]: Group): number {
  return mean(members.map(({ y }) => Array.from(y).findLast(Number.isFinite) ?? Number.NaN).filter(Number.isFinite))
}

type LineLook = Required<Pick<Line, 'color' | 'dash' | 'marker'>>

function runLine(run: Curve, look: LineLook, legend: boolean): Line {
  const label = run.seed === undefined ? '' : `seed ${run.seed}, `
  const hover = Array.from(run.x, (x, i) => `${label}${x}: ${rounded(run.y[i]!).value}`)
  return { name: run.name, x: run.x, y: run.y, ...look, legend, hover }
}

function meanLine(name: string, members: readonly Curve[], look: LineLook, band: Band): Line {
  const at = new Map<number, number[]>()
  for (const run of members)
    for (let i = 0; i < run.x.length; i++) {
      const y = run.y[i]!
      if (!Number.isFinite(y)) continue
      const there = at.get(run.x[i]!)
      if (there) there.push(y)
      else at.set(run.x[i]!, [y])
    }
  const points = [...at].sort(([a], [b]) => a - b).map(([x, ys]): [number, Spread] => [x, spreadOf(ys, band)!])
  return {
    name,
    ...look,
    x: points.map(([x]) => x),
    y: points.map(([, { value }]) => value),
    ...(band === 'none'
      ? {}
      : {
          band: {
            low: points.map(([, { low }]) => low ?? Number.NaN),
            high: points.map(([, { high }]) => high ?? Number.NaN),
          },
        }),
    hover: points.map(([x, spread]) => `${x}: ${spreadText(spread)} (${spread.n} of ${members.length} seeds)`),
  }
}

function greyLines([name, members]: Group, each: 'mean' | 'run'): Line[] {
  const look = { color: manyColor, dash: 'solid', marker: 'circle' } as const
  const lines =
    each === 'run' || members.length === 1
      ? members.map((run) => runLine(run, look, false))
      : [meanLine(name, members, look, 'none')]
  return lines.map((line) => ({ ...line, width: 1, legend: false }))
}

function groupByName(runs: readonly Curve[]): Group[] {
  const groups = new Map<string, Curve[]>()
  for (const run of runs) {
    const there = groups.get(run.name)
    if (there) there.push(run)
    else groups.set(run.name, [run])
  }
  return [...groups]
}
