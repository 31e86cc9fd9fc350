import { UserError } from '../errors.js'
import { mean, short } from './curves.js'
import { escapeLabel, type FigureOptions, makeFigure, type Trace } from './figure.js'
import type { CaptionedFigure } from './sources.js'
import { colorOf, outlineColor, reportedColor, withOpacity } from './template.js'

/** One group of {@link bars}. */
export interface Bar {
  /** The varied setting, e.g. `MLP`. */
  readonly name: string
  /** One value per seed, in the unit of the axis. */
  readonly values: readonly number[]
  /** The published number for the same comparison, in the unit of the axis. */
  readonly reported?: number
}

/** Options of {@link bars}. */
export interface BarsOptions extends FigureOptions {
  /** Legend of our bars. Default `measured here (mean, range over seeds)`. */
  readonly measured?: string
  /** Legend of the published numbers; `reported` always comes first. Default `reported in the paper`. */
  readonly reported?: string
}

/**
 * Returns bars of the mean with the range over seeds and a dot per seed; next to each, hatched and grey, the published
 * number.
 *
 * @throws UserError if a group has no value, or one that is not finite.
 */
export function bars(groups: readonly Bar[], options: BarsOptions = {}): CaptionedFigure {
  for (const group of groups)
    if (group.values.length === 0 || !group.values.every(Number.isFinite))
      throw new UserError({
        where: `bars, group ${group.name}`,
        expected: 'at least one finite value',
        found: group.values.length === 0 ? 'none' : group.values.join(', '),
      })
  const names = groups.map((group) => escapeLabel(group.name))
  const reported = groups.filter((group) => group.reported !== undefined)
  const data = [
    measuredBars(groups, names, options),
    ...(reported.length ? [reportedBars(groups, names, options)] : []),
  ]
  return makeFigure([...data, ...seedDots(groups, reported.length > 0)], options, {
    annotations: meanLabels(groups, reported.length > 0),
    barmode: 'group',
    bargap: 0.35,
    // A numeric axis with names as tick labels, so that the dots can stand on their bars.
    xaxis: {
      tickvals: groups.map((_, i) => i),
      ticktext: names,
      range: [-0.6, groups.length - 0.4],
      ...(options.x === undefined ? {} : { title: { text: escapeLabel(options.x) } }),
    },
  })
}

/** Width of one bar in axis units; groups are 1 apart. */
const WIDTH = 0.34

/** Position of a group's own bar: centred if there is no published number next to it. */
const ownOffset = (paired: boolean): number => (paired ? -WIDTH : -WIDTH / 2)

function measuredBars(groups: readonly Bar[], names: readonly string[], options: BarsOptions): Trace {
  const means = groups.map((group) => mean(group.values))
  return {
    type: 'bar',
    name: escapeLabel(options.measured ?? 'measured here (mean, range over seeds)'),
    x: groups.map((_, i) => i),
    y: means,
    offset: ownOffset(groups.some((group) => group.reported !== undefined)),
    width: WIDTH,
    // Pale, so that the range remains visible where it crosses its bar.
    marker: {
      color: groups.map((_, i) => withOpacity(colorOf(i), 0.6)),
      line: { color: groups.map((_, i) => colorOf(i)), width: 1.5 },
    },
    error_y: {
      type: 'data',
      symmetric: false,
      array: groups.map((group, i) => Math.max(...group.values) - means[i]!),
      arrayminus: groups.map((group, i) => means[i]! - Math.min(...group.values)),
      color: outlineColor,
      thickness: 1.5,
      width: 6,
    },
    hovertext: groups.map(
      (group, i) =>
        `${names[i]}: ${short(means[i]!)}, ${short(Math.min(...group.values))} to ${short(Math.max(...group.values))} (${group.values.length} seeds)`,
    ),
    hoverinfo: 'text',
  }
}

function reportedBars(groups: readonly Bar[], names: readonly string[], options: BarsOptions): Trace {
  const label = options.reported ?? 'in the paper'
  const values = groups.map((group) => group.reported ?? null)
  return {
    type: 'bar',
    name: escapeLabel(/^reported\b/.test(label) ? label : `reported ${label}`),
    x: groups.map((_, i) => i),
    y: values,
    offset: 0.02,
    width: WIDTH,
    marker: {
      color: 'rgba(0, 0, 0, 0)',
      line: { color: reportedColor, width: 1.5 },
      pattern: { shape: '/', fgcolor: reportedColor, size: 7 },
    },
    text: values.map((value) => (value === null ? '' : `reported ${short(value)}`)),
    textposition: 'outside',
    textangle: 0,
    cliponaxis: false,
    hovertext: values.map((value, i) => (value === null ? '' : `${names[i]}: ${short(value)}, reported`)),
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
      x: points.map((point) => point.x),
      y: points.map((point) => point.y),
      cliponaxis: false,
      marker: { color: '#FFFFFF', line: { color: outlineColor, width: 1.5 }, size: 8 },
      hovertemplate: '%{y:.4}<extra>one seed</extra>',
    },
  ]
}

/** Returns the mean as a number, clear of the dots and of the range's end, readable for a bar of any height. */
function meanLabels(groups: readonly Bar[], paired: boolean): Record<string, unknown>[] {
  return groups.map((group, i) => ({
    x: i + ownOffset(paired) + WIDTH / 2,
    y: Math.max(0, ...group.values),
    yshift: 16,
    text: `<b>${Number(mean(group.values).toPrecision(3))}</b>`,
    showarrow: false,
  }))
}
