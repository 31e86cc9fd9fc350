import { UserError } from '../errors.js'
import { escapeLabel } from '../escape/plotly.js'
import type { Estimate } from '../statistics/estimate.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { nameOf, shownName } from './looks.js'
import { type ReportedMark, reportedMarks, reportedTexts } from './reported-marks.js'
import { type CaptionedFigure, withSources } from './sources.js'
import {
  type BandOptions,
  bandSentence,
  checkBand,
  errorBars,
  type Spread,
  seedsText,
  spreadOf,
  spreadOfEstimate,
  spreadsText,
  spreadText,
} from './spread.js'
import { colorOf, outlineColor, withOpacity } from './template.js'

/** One group of {@link bars}. */
export interface Bar {
  /** The varied setting, e.g. `MLP`. */
  readonly name: string
  /** One value per seed, in the unit of the axis. */
  readonly values: readonly number[]
  /** The mean with its interval. Default: Student's t over the values; only with the band `interval`. */
  readonly estimate?: Estimate
  /** The published number for the same comparison, in the unit of the axis. */
  readonly reported?: number | ReportedMark
}

/** Options of {@link bars}. */
export interface BarsOptions extends FigureOptions, BandOptions {
  /** Legend of our bars. Default `measured: mean, 95 % interval, 3 seeds`. */
  readonly measured?: string
  /** Legend of the published numbers; `reported` always comes first. Default `reported in the paper`. */
  readonly reported?: string
}

/** The most groups whose names are readable below their bars. */
const MOST_BARS = 40

/** The most groups that have room for their mean below their name. */
const MOST_MEANS = 6

/**
 * Returns bars of the mean with its 95 % interval and a dot per seed; next to each, as a grey diamond, the published number.
 * Below each name are the mean and its interval, in a figure of up to six groups.
 *
 * @throws UserError if a group has no value, or one that is not finite, and for more than forty groups.
 */
export function bars(groups: readonly Bar[], options: BarsOptions = {}): CaptionedFigure {
  checkGroups(groups)
  const band = checkBand(options.band ?? 'interval')
  const spreads = groups.map(({ values, estimate }) =>
    estimate && band === 'interval' ? spreadOfEstimate(estimate) : spreadOf(values, band)!,
  )
  const names = groups.map(({ name }) => shownName(name, options))
  const reported = groups.flatMap(({ name, reported }, i) => {
    if (reported === undefined) return []
    const mark = typeof reported === 'number' ? { value: reported } : reported
    return [{ ...mark, name: nameOf(name, options), x: i + WIDTH / 2 + 0.02 }]
  })
  const paired = reported.length > 0
  const figure = makeFigure(
    [
      measuredBars(spreads, names, paired, options),
      ...reportedMarks(reported, options.reported ?? 'in the paper'),
      ...seedDots(groups, paired),
    ],
    options,
    {
      bargap: 0.35,
      // A numeric axis with names as tick labels, so that the dots can stand on their bars.
      xaxis: {
        tickvals: groups.map((_, i) => i),
        ticktext: names.map((name, i) =>
          groups.length > MOST_MEANS ? name : `${name}<br><b>${spreadText(spreads[i]!)}</b>`,
        ),
        range: [-0.6, groups.length - 0.4],
        ...(groups.length > MOST_MEANS ? {} : { tickangle: 0 }),
        showgrid: false,
        ...(options.x === undefined ? {} : { title: { text: escapeLabel(options.x) } }),
      },
    },
  )
  return withSources(figure, {
    reported: reportedTexts(reported, options.reported ?? 'in the paper'),
    bands: bandSentence('Error bars', spreadsText(spreads)),
  })
}

/** Width of one bar in axis units; groups are 1 apart. */
const WIDTH = 0.44

/** Position of a group's own bar: centred if there is no published number next to it. */
const ownOffset = (paired: boolean): number => (paired ? -0.75 * WIDTH : -WIDTH / 2)

function checkGroups(groups: readonly Bar[]): void {
  for (const { name, values } of groups)
    if (values.length === 0 || !values.every(Number.isFinite))
      throw new UserError({
        where: `bars, group ${name}`,
        expected: 'at least one finite value',
        found: values.length === 0 ? 'none' : values.join(', '),
      })
  if (groups.length > MOST_BARS)
    throw new UserError({
      where: 'bars',
      expected: `at most ${MOST_BARS} groups, whose names can be read`,
      found: String(groups.length),
      todo: 'Draw fewer runs, or all of them with parallel or points.',
    })
}

function measuredBars(
  spreads: readonly Spread[],
  names: readonly string[],
  paired: boolean,
  { measured }: BarsOptions,
): Trace {
  const words = `measured: mean, ${spreadsText(spreads) ?? seedsText(spreads.map(({ n }) => n))}`
  return {
    type: 'bar',
    name: escapeLabel(measured ?? words),
    x: spreads.map((_, i) => i),
    y: spreads.map(({ value }) => value),
    offset: ownOffset(paired),
    width: WIDTH,
    // Pale, so that the interval remains visible where it crosses its bar.
    marker: {
      color: spreads.map((_, i) => withOpacity(colorOf(i), 0.6)),
      line: { color: spreads.map((_, i) => colorOf(i)), width: 1.5 },
    },
    error_y: { ...errorBars(spreads), width: 6 },
    hovertext: spreads.map((spread, i) => `${names[i]}: ${spreadText(spread)} (${seedsText([spread.n])})`),
    hoverinfo: 'text',
  }
}

/** Returns one dot per seed on the group's own bar, slightly apart so that equal values stay visible. */
function seedDots(groups: readonly Bar[], paired: boolean): Trace[] {
  const middle = ownOffset(paired) + WIDTH / 2
  const points = groups.flatMap((group, i) =>
    group.values.length < 2
      ? []
      : group.values.map((y, k) => ({ x: i + middle + (k / (group.values.length - 1) - 0.5) * WIDTH * 0.5, y })),
  )
  if (points.length === 0) return []
  return [
    {
      type: 'scatter',
      mode: 'markers',
      name: 'one seed',
      legendrank: 1100,
      x: points.map((point) => point.x),
      y: points.map((point) => point.y),
      cliponaxis: false,
      marker: { color: '#FFFFFF', line: { color: outlineColor, width: 1.5 }, size: 7 },
      hovertemplate: '%{y:.4}<extra>one seed</extra>',
    },
  ]
}
