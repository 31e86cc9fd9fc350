import { UserError } from '../../errors.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import type { FigureOptions } from '../../plot/figure.js'
import { heatmap } from '../../plot/heatmap.js'
import { type Line, lineFigure } from '../../plot/line.js'
import { withReportedCurves } from '../../plot/reported-curves.js'
import { type CaptionedFigure, type FigureSources, withSources } from '../../plot/sources.js'
import type { CurveOptions, CurveRow, CurveX, SurfaceOptions } from '../../recording/curves.js'
import type { IntervalOptions, Select } from '../../recording/points.js'
import type { ReportedCurve } from '../../results/reported/series.js'
import type { ReportedCurveFilter } from '../../results/reported.js'
import { halfWidth, plusMinus } from '../../statistics/rounding.js'
import { floorText } from './floor.js'
import type { RolloutRecording } from './rollout-recording.js'

/** Published curves behind a figure's own. */
export interface ReportedOption {
  /** A filter, or curves of `reportedCurvesWhere`. Default: none. */
  readonly reported?: ReportedCurveFilter | readonly ReportedCurve[]
}

/** Options of {@link RolloutRecording.curve}. */
export interface CurveFigureOptions
  extends CurveOptions,
    ReportedOption,
    Pick<FigureOptions, 'title' | 'width' | 'height' | 'range' | 'names'> {}

/** Options of {@link RolloutRecording.surface}. */
export interface SurfaceFigureOptions
  extends Omit<SurfaceOptions, 'select'>,
    Pick<FigureOptions, 'title' | 'width' | 'height' | 'range'> {
  /** Default `q`. */
  readonly select?: Select
}

/** Names of selectors in legends. */
const NAMES: Readonly<Record<Select, string>> = {
  q: 'best q',
  first: 'halts first',
  vote: 'vote',
  residual: 'least residual',
  margin: 'largest margin',
  verifier: 'verifier',
  guided: 'guided particles',
  oracle: 'oracle (any right)',
  'pass@k': 'pass@k',
}

const AXES: Readonly<Record<CurveX, string>> = {
  depth: 'supervision steps D',
  rollouts: 'rollouts K',
  macs: 'multiply-accumulates per puzzle (MACs)',
  seconds: 'seconds per puzzle',
}

/** Returns the figure of {@link RolloutRecording.curve}. */
export function curveFigure(recording: RolloutRecording, options: CurveFigureOptions = {}): CaptionedFigure {
  const { x = 'depth', metric = 'exact', reported, title, width, height, range, names, ...query } = options
  if (x === 'rollouts') checkIndependent(recording)
  const rows = recording.curveRows({ ...query, x, metric })
  const { facts, plain } = recording
  const isSingle = facts.settings.rollouts === 1 && query.select === undefined
  const lines = [...groups(rows)].map(([name, group]) => lineOf(isSingle ? 'one rollout' : name, group, x))
  if (plain && x !== 'rollouts') {
    const { depth } = query
    const own = plain.curveRows({ x, metric, ...(depth === undefined ? {} : { depth }), ...intervalOf(query) })
    lines.push(lineOf('one rollout, no noise', own, x))
  }
  const figure = lineFigure(lines, {
    x: AXES[x],
    y: metricTitle(`test.${metric}`),
    log: 'x',
    ...given({ title, width, height, range, names }),
  })
  return finished(figure, [recording], `Bands: ${intervalText(query)}`, reported)
}

/** Returns the figure of {@link RolloutRecording.surface}. */
export function surfaceFigure(recording: RolloutRecording, options: SurfaceFigureOptions = {}): CaptionedFigure {
  const { select = 'q', metric = 'exact', title, width, height, range, ...query } = options
  checkIndependent(recording)
  const rows = recording.surfaceRows({ ...query, select, metric })
  const depths = [...new Set(rows.map(({ depth }) => depth))]
  const rollouts = [...new Set(rows.map((row) => row.rollouts))]
  const at = (width: number, depth: number): CurveRow =>
    rows.find((row) => row.rollouts === width && row.depth === depth)!
  const cells = rollouts.map((width) => depths.map((depth) => at(width, depth)))
  const figure = heatmap(
    {
      rows: rollouts.map(String),
      columns: depths.map(String),
      values: cells.map((line) => line.map(({ value }) => 100 * value)),
      texts: cells.map((line) => line.map(percent)),
    },
    {
      x: AXES.depth,
      y: AXES.rollouts,
      colors: metricTitle(`test.${metric}`),
      title: title ?? `selector: ${NAMES[select]}`,
      ...given({ width, height, range }),
    },
  )
  return finished(figure, [recording], `Cells: mean ± half of the ${intervalText(query)}`)
}

/** @throws UserError for guided particles, of which fewer would have run otherwise. */
function checkIndependent({ facts }: RolloutRecording): void {
  if (!facts.guided) return
  throw new UserError({
    where: 'x',
    expected: 'depth, macs or seconds for guided particles, which depend on how many they are',
    found: 'rollouts',
    todo: 'Record particles for each K.',
  })
}

/** Options of {@link noiseCurve}. */
export interface NoiseCurveOptions
  extends IntervalOptions,
    ReportedOption,
    Pick<FigureOptions, 'title' | 'width' | 'height' | 'range' | 'names'> {
  /** One selector or several. Default: `q`. */
  readonly select?: Select | readonly Select[]
  /** Default `exact`. */
  readonly metric?: string
  /** Default: each recording's. */
  readonly depth?: number
  /** Default: each recording's. */
  readonly rollouts?: number
}

/**
 * Returns a figure of accuracy against the noise σ of several recordings, a line for each selector, with 95 % intervals over
 * puzzles; behind it, published curves.
 *
 * @example
 * show(noiseCurve(recordings, { select: ['q', 'vote', 'oracle'], reported: { series: 'ptrm.sudoku.sigma' } }))
 * @throws UserError for no recordings, recordings of different weights or puzzles, and a selector that one cannot answer.
 */
export function noiseCurve(recordings: readonly RolloutRecording[], options: NoiseCurveOptions = {}): CaptionedFigure {
  const { metric = 'exact', reported, title, width, height, range, names, depth, rollouts, ...query } = options
  const [first, ...others] = recordings
  if (first === undefined)
    throw new UserError({ where: 'noiseCurve', expected: 'one recording for each σ', found: 'none', exitCode: 2 })
  // A comparison refuses recordings of other weights, data or puzzles.
  for (const other of others) first.compare(other)
  const points = recordings
    .toSorted((a, b) => a.facts.settings.noise - b.facts.settings.noise)
    .flatMap((recording) => {
      const { settings } = recording.facts
      const at = { depth: depth ?? settings.depth, rollouts: rollouts ?? settings.rollouts }
      return recording.curveRows({ ...query, ...at, metric }).map((row) => ({ ...row, noise: settings.noise }))
    })
  const lines = [...groups(points)].map(([name, group]) => lineOf(name, group, 'noise'))
  const figure = lineFigure(lines, {
    x: 'noise σ',
    y: metricTitle(`test.${metric}`),
    ...given({ title, width, height, range, names }),
  })
  return finished(figure, recordings, `Bands: ${intervalText(query)}`, reported)
}

type Placed = CurveRow & { readonly noise?: number }

function groups<R extends CurveRow>(rows: readonly R[]): Map<string, R[]> {
  const by = new Map<string, R[]>()
  for (const row of rows) by.set(NAMES[row.select], [...(by.get(NAMES[row.select]) ?? []), row])
  return by
}

function lineOf(name: string, rows: readonly Placed[], x: CurveX | 'noise'): Line {
  const sorted = rows.toSorted((a, b) => (a[x] ?? 0) - (b[x] ?? 0))
  const percents = (of: (row: Placed) => number | null): number[] => sorted.map((row) => 100 * (of(row) ?? Number.NaN))
  return {
    name,
    x: sorted.map((row) => row[x] ?? Number.NaN),
    y: percents(({ value }) => value),
    band: { low: percents(({ low }) => low), high: percents(({ high }) => high) },
    hover: sorted.map((row) => `D ${row.depth}, K ${row.rollouts}: ${percent(row)}, ${row.n} puzzles`),
  }
}

function percent(row: Pick<CurveRow, 'value' | 'low' | 'high'>): string {
  const half = halfWidth(row)
  return plusMinus(100 * row.value, half === null ? null : 100 * half)
}

function intervalOf({ interval, level, resamples, seed }: IntervalOptions): IntervalOptions {
  return given({ interval, level, resamples, seed })
}

function intervalText({ interval = 'wilson', level = 0.95 }: IntervalOptions): string {
  const method = interval === 'wilson' ? 'Wilson' : 'bootstrap'
  return `${Math.round(100 * level)} % interval over puzzles (${method})`
}

/** Adds the origin of the numbers, and published curves. */
function finished(
  figure: CaptionedFigure,
  recordings: readonly RolloutRecording[],
  interval: string,
  reported?: ReportedOption['reported'],
): CaptionedFigure {
  const sourced = withSources(figure, { ...sourcesOfRecordings(recordings), bands: [interval] })
  return reported === undefined ? sourced : withReportedCurves(sourced, reported)
}

/** Returns the sources of a figure drawn from recordings: their IDs, weights, data, puzzles, code and precision. */
export function sourcesOfRecordings(recordings: readonly RolloutRecording[]): FigureSources {
  const each = (of: (recording: RolloutRecording) => string): string[] => [...new Set(recordings.map(of))]
  const named = ({ name, hash }: { readonly name: string; readonly hash: string }): string =>
    `${name} (${hash.slice(0, 12)})`
  return {
    recordings: each(({ id }) => id),
    weights: each(({ facts }) => named(facts.weights)),
    code: each(({ facts }) => String(facts.notes.code)),
    data: each(({ facts }) => facts.data.hash),
    subsets: each(({ facts }) =>
      facts.state === 'finished' ? named(facts.subset) : `${named(facts.subset)}, ${facts.recorded} of them recorded`,
    ),
    precision: each(({ facts, numericFloor }) =>
      [String(facts.notes.dtype), ...(numericFloor ? [floorText(numericFloor)] : [])].join('; '),
    ),
  }
}

function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
