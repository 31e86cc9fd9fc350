import { UserError } from '../errors.js'
import { escapeLabel } from '../escape/plotly.js'
import { rounded } from '../statistics/rounding.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { shownName } from './looks.js'
import type { CaptionedFigure } from './sources.js'
import { outlineColor } from './template.js'

/** One vertical axis of {@link parallel}. */
export interface ParallelAxis {
  /** Name of the key or metric, with its unit. */
  readonly name: string
  /** One value per run; null (a gap) where the run has none. Texts are in order of first appearance. */
  readonly values: readonly (number | string | boolean | null)[]
}

/** Options of {@link parallel}. */
export interface ParallelOptions extends Omit<FigureOptions, 'log'> {
  /** Names of the runs for hover texts. Default: none. */
  readonly labels?: readonly string[]
}

/** Colours of the lines, from the least to the largest value of the last axis: dark on light, and in grey from pale to dark. */
const COLORS = ['#B9CFE4', '#93B7D7', '#6A9CC9', '#447FB5', '#2A639B', '#164A7D', '#0A2F5C'] as const

/** A numeric axis whose largest value is at least this many times the least is logarithmic. */
const LOG_FROM = 50

/** The most different numbers of an axis that each have a label. */
const MOST_NUMBERS = 6

/** The most texts of an axis that are readable. */
const MOST_TEXTS = 24

/** A vertical axis, as it is drawn. */
interface Scale {
  readonly name: string
  /** Returns the height in [0, 1]; null for a gap. */
  at(value: ParallelAxis['values'][number]): number | null
  readonly ticks: readonly { readonly at: number; readonly text: string }[]
}

/**
 * Returns parallel coordinates: a vertical axis for every key and one, the last, for the metric; each run is a line through its
 * values, darker for a larger metric. Positive numbers over a factor of fifty or more are on a logarithmic axis. A run without
 * a metric is pale grey.
 *
 * @throws UserError for fewer than two axes, axes of different lengths, or none with a value.
 */
export function parallel(axes: readonly ParallelAxis[], options: ParallelOptions = {}): CaptionedFigure {
  const count = axes[0]?.values.length ?? 0
  if (axes.length < 2 || count === 0 || axes.some(({ values }) => values.length !== count))
    throw new UserError({
      where: 'parallel',
      expected: 'two axes or more with a value per run',
      found: axes.length === 0 ? 'none' : axes.map(({ name, values }) => `${name}: ${values.length}`).join(', '),
    })
  const scales = axes.map((axis) => scaleOf(axis, options))
  const heights = Array.from({ length: count }, (_, run) => scales.map((scale, i) => scale.at(axes[i]!.values[run]!)))
  const hover = Array.from({ length: count }, (_, run) =>
    [
      ...(options.labels?.[run] === undefined ? [] : [shownName(options.labels[run], options)]),
      ...axes.map(({ values }, i) => `${scales[i]!.name}: ${textOf(values[run]!)}`),
    ].join('<br>'),
  )
  const ranked = Array.from({ length: count }, (_, run) => run).sort(
    (a, b) => (heights[a]!.at(-1) ?? -1) - (heights[b]!.at(-1) ?? -1),
  )
  return makeFigure([...lineTraces(ranked, heights, hover), ...axisTraces(scales)], options, {
    showlegend: false,
    xaxis: {
      tickvals: scales.map((_, i) => i),
      ticktext: scales.map(({ name }) => name.replaceAll(' ', '<br>')),
      tickangle: 0,
      range: [-0.4, axes.length - 0.6],
      showgrid: false,
      showline: false,
      ticks: '',
      side: 'bottom',
    },
    yaxis: { visible: false, range: [-0.12, 1.12] },
  })
}

/** Returns one trace per colour, the largest metric last, above the others; the runs of a trace are apart by gaps. */
function lineTraces(
  ranked: readonly number[],
  heights: readonly (readonly (number | null)[])[],
  hover: readonly string[],
): Trace[] {
  const byColor = new Map<string, number[]>([
    ['#D9D9D9', []],
    ...COLORS.map((color): [string, number[]] => [color, []]),
  ])
  for (const run of ranked) {
    const metric = heights[run]!.at(-1)
    const color = metric == null ? '#D9D9D9' : COLORS[Math.min(COLORS.length - 1, Math.floor(metric * COLORS.length))]!
    byColor.get(color)!.push(run)
  }
  const width = ranked.length > 60 ? 1 : 1.75
  return [...byColor].flatMap(([color, runs]): Trace[] =>
    runs.length === 0
      ? []
      : [
          {
            type: 'scatter',
            mode: 'lines+markers',
            x: runs.flatMap((run) => [...heights[run]!.keys(), null]),
            y: runs.flatMap((run) => [...heights[run]!, null]),
            line: { color, width },
            marker: { color, size: 4 },
            hovertext: runs.flatMap((run) => [...heights[run]!.map(() => hover[run]!), '']),
            hoverinfo: 'text',
            cliponaxis: false,
          },
        ],
  )
}

/** Returns the vertical axes; the labels of their ends are above and below them, clear of the lines. */
function axisTraces(scales: readonly Scale[]): Trace[] {
  const side = (at: number): string => (at === 1 ? 'top center' : at === 0 ? 'bottom center' : 'middle right')
  return scales.map(({ ticks }, i) => ({
    type: 'scatter',
    mode: 'lines+text',
    x: [i, i, ...ticks.map(() => i)],
    y: [0, 1, ...ticks.map(({ at }) => at)],
    text: ['', '', ...ticks.map(({ text }) => text)],
    textposition: ['middle right', 'middle right', ...ticks.map(({ at }) => side(at))],
    line: { color: outlineColor, width: 1 },
    hoverinfo: 'skip',
    cliponaxis: false,
  }))
}

function scaleOf(axis: ParallelAxis, options: FigureOptions): Scale {
  const known = axis.values.filter((value) => value !== null && !(typeof value === 'number' && !Number.isFinite(value)))
  if (known.length === 0)
    throw new UserError({ where: `parallel, ${axis.name}`, expected: 'at least one value', found: 'none' })
  const name = shownName(axis.name, options)
  return known.every((value) => typeof value === 'number')
    ? numberScale(name, known)
    : textScale(name, [...new Set(known.map(String))])
}

function numberScale(name: string, values: readonly number[]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const isLog = low > 0 && high >= LOG_FROM * low
  const on = isLog ? Math.log10 : (value: number): number => value
  const height = (value: number): number => (high === low ? 0.5 : (on(value) - on(low)) / (on(high) - on(low)))
  const distinct = [...new Set(values)].sort((a, b) => a - b)
  // Labels between the ends cross the lines, so that only few values have one.
  const marks = distinct.length <= MOST_NUMBERS ? distinct : [low, high]
  return {
    name,
    at: (value) => (typeof value === 'number' && Number.isFinite(value) ? height(value) : null),
    ticks: marks.map((value) => ({ at: height(value), text: textOf(value) })),
  }
}

function textScale(name: string, texts: readonly string[]): Scale {
  if (texts.length > MOST_TEXTS)
    throw new UserError({
      where: `parallel, ${name}`,
      expected: `numbers, or at most ${MOST_TEXTS} different texts`,
      found: `${texts.length} texts`,
    })
  const height = (i: number): number => (texts.length === 1 ? 0.5 : i / (texts.length - 1))
  return {
    name,
    at: (value) => (value === null ? null : height(texts.indexOf(String(value)))),
    ticks: texts.map((text, i) => ({ at: height(i), text: escapeLabel(text) })),
  }
}

function textOf(value: ParallelAxis['values'][number]): string {
  if (typeof value === 'number' && Number.isFinite(value)) return numberText(value)
  return value === null ? '–' : escapeLabel(String(value))
}

/** Formats a number with three digits, and as a power of ten where it is very small or large. */
function numberText(value: number): string {
  const size = Math.abs(value)
  if (value === 0 || (size >= 1e-3 && size < 1e5)) return Number.isInteger(value) ? String(value) : rounded(value).value
  return Number(value.toPrecision(3)).toExponential().replace('e+', 'e')
}
