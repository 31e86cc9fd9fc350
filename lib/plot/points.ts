import { UserError } from '../errors.js'
import type { Estimate } from '../statistics/estimate.js'
import { rounded } from '../statistics/rounding.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { type BetterOption, manyColor, moreText, namedAndOthers, shownName } from './looks.js'
import { type ReportedAt, reportedSeries, reportedTexts } from './reported-marks.js'
import { type CaptionedFigure, withSources } from './sources.js'
import {
  type Band,
  type BandOptions,
  bandSentence,
  barKey,
  checkBand,
  errorBars,
  type Spread,
  seedsText,
  spreadOf,
  spreadOfEstimate,
  spreadsText,
  spreadText,
} from './spread.js'
import { colorOf, markerOf } from './template.js'

/** One configuration of {@link points}. */
export interface PointGroup {
  /** The configuration, e.g. `layers 2`. */
  readonly name: string
  /** One point per seed, in the units of the axes. */
  readonly points: readonly { readonly x: number; readonly y: number }[]
  /** The mean along the vertical axis with its interval. Default: Student's t over the points; only with the band `interval`. */
  readonly estimate?: Estimate
}

/** Options of {@link points}. */
export interface PointsOptions extends FigureOptions, BandOptions, BetterOption {
  /** `mean`: the mean over seeds with its band, along both axes; `run`: a point per run. Default `mean`. */
  readonly each?: 'mean' | 'run'
  /** Published numbers at their place. Default: none. */
  readonly reported?: readonly ReportedAt[]
}

/**
 * Returns one point per configuration: the mean over seeds, with bars for its 95 % interval; along the horizontal axis only
 * where seeds differ there. Points that are not finite are left out. Of more than twelve configurations the
 * legend has the best five; the others are grey. Published numbers have open grey markers.
 *
 * @throws UserError without a finite point, for a value that a logarithmic axis cannot show, or an unknown band.
 */
export function points(groups: readonly PointGroup[], options: PointsOptions = {}): CaptionedFigure {
  const { each = 'mean', reported = [], log = 'none' } = options
  const band = checkBand(options.band ?? 'interval')
  const finite = groups.map(withFinitePoints).filter(({ points }) => points.length > 0)
  if (finite.length === 0)
    throw new UserError({ where: 'points', expected: 'at least one point with finite x and y', found: 'none' })
  checkLog([...finite.flatMap(({ points }) => points), ...reported.map(({ x, value }) => ({ x, y: value }))], log)
  const { named, others } = namedAndOthers(finite, (group) => meanOf(group, 'none')[1].value, options)
  const drawn = each === 'run' ? 'none' : band
  const spreads = named.map((group) => meanOf(group, drawn)[1])
  const data = [
    ...(others.length > 0 ? [greyTrace(others, options)] : []),
    ...named.map((group, i) => groupTrace(group, i, each, drawn, options)),
    ...barKey(spreads),
    ...reportedSeries(reported),
  ]
  return withSources(makeFigure(data, options), {
    reported: reportedTexts(reported),
    bands: bandSentence('Error bars', spreadsText(spreads)),
  })
}

/** Omits points that are not finite, and then the estimate, which is over all of them. */
function withFinitePoints(group: PointGroup): PointGroup {
  const points = group.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
  return points.length === group.points.length ? group : { name: group.name, points }
}

function groupTrace(group: PointGroup, i: number, each: 'mean' | 'run', band: Band, options: PointsOptions): Trace {
  const color = colorOf(i)
  const { points } = group
  const shown = shownName(group.name, options)
  const look = {
    type: 'scatter',
    mode: 'markers',
    name: shown,
    marker: { color, symbol: markerOf(i), size: 9 },
    cliponaxis: false,
  }
  if (each === 'run')
    return {
      ...look,
      x: points.map(({ x }) => x),
      y: points.map(({ y }) => y),
      hovertext: points.map(({ x, y }) => `${shown}: ${rounded(y).value} at ${rounded(x).value}`),
      hoverinfo: 'text',
    }
  const [x, y] = meanOf(group, band)
  const differs = points.some((point) => point.x !== points[0]!.x)
  return {
    ...look,
    x: [x.value],
    y: [y.value],
    error_y: errorBars([y], color),
    ...(differs ? { error_x: errorBars([x], color) } : {}),
    hovertext: [`${shown}: ${spreadText(y)} at ${spreadText(x)} (${seedsText([y.n])})`],
    hoverinfo: 'text',
  }
}

/** Returns the means along both axes. */
function meanOf({ points, estimate }: PointGroup, band: Band): [x: Spread, y: Spread] {
  const along = (axis: 'x' | 'y'): Spread =>
    spreadOf(
      points.map((point) => point[axis]),
      band,
    )!
  return [along('x'), estimate && band === 'interval' ? spreadOfEstimate(estimate) : along('y')]
}

function greyTrace(groups: readonly PointGroup[], options: PointsOptions): Trace {
  const means = groups.map((group) => meanOf(group, 'none'))
  return {
    type: 'scatter',
    mode: 'markers',
    name: moreText(groups.length),
    legendrank: 1100,
    x: means.map(([x]) => x.value),
    y: means.map(([, y]) => y.value),
    marker: { color: manyColor, symbol: 'circle', size: 5 },
    hovertext: groups.map(
      ({ name }, i) => `${shownName(name, options)}: ${spreadText(means[i]![1])} at ${spreadText(means[i]![0])}`,
    ),
    hoverinfo: 'text',
  }
}

/** @throws UserError for a value that a logarithmic axis cannot show. */
function checkLog(points: PointGroup['points'], log: NonNullable<FigureOptions['log']>): void {
  for (const axis of ['x', 'y'] as const) {
    if (log !== axis && log !== 'both') continue
    const wrong = points.find((point) => point[axis] <= 0)
    if (wrong)
      throw new UserError({
        where: `points, ${axis}`,
        expected: 'positive values on a logarithmic axis',
        found: String(wrong[axis]),
        todo: `Give log: '${log === 'both' ? (axis === 'x' ? 'y' : 'x') : 'none'}'.`,
      })
  }
}
