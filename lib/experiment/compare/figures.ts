import { UserError } from '../../errors.js'
import { isShare, metricTitle } from '../../evaluate/metric-names.js'
import type { Cell } from '../../files/arrow-rows.js'
import { didYouMean } from '../../options/nearest.js'
import { type Bar, bars } from '../../plot/bars.js'
import type { FigureOptions } from '../../plot/figure.js'
import { type HeatmapOptions, heatmap } from '../../plot/heatmap.js'
import { type PairedOptions, paired } from '../../plot/paired.js'
import { parallel } from '../../plot/parallel.js'
import { type PointsOptions, points } from '../../plot/points.js'
import { chosenRows } from '../../plot/reported.js'
import type { ReportedAt, ReportedMark } from '../../plot/reported-marks.js'
import type { CaptionedFigure } from '../../plot/sources.js'
import { type BandOptions, seedsText } from '../../plot/spread.js'
import type { Comparison } from '../../results/comparison.js'
import type { ReportedRow } from '../../results/reported/row.js'
import type { ReportedFilter } from '../../results/reported.js'
import { halfWidth, plusMinus } from '../../statistics/rounding.js'
import { Arm, liveMember, runMember } from './arm.js'
import { AXIS_NAMES, type Axis, axisOf } from './axes.js'
import { checkMetric, lastOf, lastRow } from './measured.js'
import type { FinishedRun } from './runs.js'
import { type SummaryRow, summarise } from './summary.js'

/** Checks that some run has a metric along its training. @throws UserError naming those that there are. */
export function checkCurves(runs: readonly FinishedRun[], metric: string): void {
  const of = (name: 'metrics' | 'evaluations'): object[] => runs.flatMap((run): readonly object[] => run[name])
  const [metrics, evaluations] = [of('metrics'), of('evaluations')]
  const drawn = metric.startsWith('test.') ? evaluations : metrics
  if (runs.length === 0 || drawn.some((row) => Object.hasOwn(row, metric))) return
  const known = new Set([...evaluations.slice(-1), ...metrics.slice(-1)].flatMap(Object.keys))
  const names = [...known].filter((name) => /^(test|train)\./.test(name))
  const near = didYouMean(metric, names)
  throw new UserError({
    where: `curves, ${metric}`,
    expected: names.length === 0 ? 'runs with a logged step or an evaluation' : `one of ${names.join(', ')}`,
    found: names.length === 0 ? 'none' : 'no run that has it',
    ...(near === undefined ? {} : { todo: near }),
  })
}

/** Options of {@link barsOfRuns}. */
export interface RunBarsOptions extends FigureOptions, BandOptions {
  /** Legend of the published numbers; `reported` always comes first. Default `reported in the paper`. */
  readonly reportedAs?: string
}

/** Returns bars of a metric by label. @throws UserError for a metric that no run has, or that a label has in no run. */
export function barsOfRuns(
  runs: readonly FinishedRun[],
  metric: string,
  reported: Readonly<Record<string, number | ReportedMark>>,
  { reportedAs, ...options }: RunBarsOptions,
): CaptionedFigure {
  const groups = summarise(runs, metric).rows.map(({ label, values, last }): Bar => {
    const value = Object.hasOwn(reported, label) ? reported[label] : undefined
    return {
      name: label,
      values,
      ...(last === null ? {} : { estimate: last }),
      ...(value === undefined ? {} : { reported: value }),
    }
  })
  return bars(groups, {
    y: metricTitle(metric),
    ...percentRange(metric),
    ...(reportedAs === undefined ? {} : { reported: reportedAs }),
    ...options,
  })
}

/** Options of {@link pointsOfRuns}. */
export interface RunPointsOptions extends Omit<PointsOptions, 'x' | 'reported'> {
  /** The quantity along the horizontal axis. Default `parameters`. */
  readonly x?: Axis
  /**
   * Published numbers to draw at their `parameters` or `depth`: a filter or rows. Those without are left out. Default: none.
   */
  readonly reported?: ReportedFilter | readonly ReportedRow[]
}

/** Returns a point for each label: a metric at the last evaluation against a quantity there. */
export function pointsOfRuns(
  runs: readonly FinishedRun[],
  metric: string,
  { x = 'parameters', reported, ...options }: RunPointsOptions,
): CaptionedFigure {
  const axis = axisNamed(x)
  const byId = new Map(runs.map((run) => [run.id, run]))
  const at = (id: string, isLive: boolean): number => {
    const run = byId.get(id)!
    const member = isLive ? liveMember(run)! : runMember(run)
    return axis.of(run, lastRow(member, metric) ?? {}) ?? Number.NaN
  }
  // The rows beside the configurations are those of live weights: no other arm is given.
  const groups = summarise(runs, metric).rows.map(({ label, isArm, runs: ids, values, last }) => ({
    name: label,
    points: ids.map((id, i) => ({ x: at(id, isArm), y: values[i]! })),
    ...(last === null ? {} : { estimate: last }),
  }))
  if (groups.every(({ points }) => points.every((point) => !Number.isFinite(point.x)))) {
    const known = AXIS_NAMES.filter((name) =>
      runs.some((run) => axisOf(name).of(run, lastRow(runMember(run), metric) ?? {}) !== null),
    )
    throw new UserError({
      where: `x: '${x}'`,
      expected: `a quantity that the runs have: ${known.join(', ')}`,
      found: 'none of the runs has it',
    })
  }
  return points(groups, {
    x: axis.title,
    y: metricTitle(metric),
    log: axis.log ? 'x' : 'none',
    ...percentRange(metric),
    ...options,
    ...(reported === undefined ? {} : { reported: reportedAt(reported, x) }),
  })
}

/** Returns published numbers at their place. @throws UserError for a quantity that they do not have. */
function reportedAt(which: ReportedFilter | readonly ReportedRow[], x: Axis): ReportedAt[] {
  if (x !== 'parameters' && x !== 'depth')
    throw new UserError({
      where: 'reported',
      expected: "x: 'parameters' or 'depth', which published numbers have",
      found: `x: '${x}'`,
    })
  return chosenRows(which).flatMap(({ method, value, source, parameterCount, depth }) => {
    const place = x === 'parameters' ? parameterCount : depth
    return value === null || place === null ? [] : [{ name: method, x: place, value, source }]
  })
}

/** Returns a metric of two labels seed by seed. @throws UserError for an unknown label, and where no seed is shared. */
export function pairedRuns(
  runs: readonly FinishedRun[],
  a: string,
  b: string,
  metric: string,
  options: PairedOptions,
): CaptionedFigure {
  const { rows } = summarise(runs, metric)
  const [first, second] = [a, b].map((label) => bySeed(rowNamed(rows, label))) as [
    Map<number, number>,
    Map<number, number>,
  ]
  const seeds = [...first.keys()].filter((seed) => second.has(seed)).sort((one, other) => one - other)
  if (seeds.length === 0)
    throw new UserError({
      where: `paired, ${a} and ${b}`,
      expected: 'a seed with a value of both',
      found: `seeds ${listed(first.keys())} and ${listed(second.keys())}`,
      todo: 'Draw bars, which need no shared seed.',
    })
  return paired(
    seeds.map((seed) => ({ seed, a: first.get(seed)!, b: second.get(seed)! })),
    [a, b],
    { y: metricTitle(metric), ...(isShare(metric) ? { unit: 'points' } : {}), ...percentRange(metric), ...options },
  )
}

/** Returns a row's values by seed. @throws UserError where two runs have the same seed. */
function bySeed({ label, seeds, values }: SummaryRow): Map<number, number> {
  const map = new Map<number, number>()
  seeds.forEach((seed, i) => {
    if (seed === null) return
    if (map.has(seed))
      throw new UserError({
        where: `paired, ${label}`,
        expected: 'one run per seed',
        found: `two of seed ${seed}`,
        todo: 'Leave one of them out.',
      })
    map.set(seed, values[i]!)
  })
  return map
}

function rowNamed(rows: readonly SummaryRow[], label: string): SummaryRow {
  const row = rows.find((each) => each.label === label)
  if (row) return row
  const labels = rows.map((each) => each.label)
  const near = didYouMean(label, labels)
  throw new UserError({
    where: 'paired',
    expected: `two labels of ${labels.map((each) => JSON.stringify(each)).join(', ')}`,
    found: JSON.stringify(label),
    ...(near === undefined ? {} : { todo: near }),
  })
}

/** Options of {@link gridOfRuns}. */
export interface RunGridOptions extends Omit<HeatmapOptions, 'x' | 'y'> {
  /** Key of the columns. Default: the first key that varies. */
  readonly x?: string
  /** Key of the rows. Default: the second key that varies. */
  readonly y?: string
}

/** Returns a heat map of a metric over two varied keys, with the means and intervals printed. */
export function gridOfRuns(
  runs: readonly FinishedRun[],
  metric: string,
  { x, y, ...options }: RunGridOptions,
): CaptionedFigure {
  const rows = summarise(runs, metric).rows.filter(({ isArm, last }) => !isArm && last !== null)
  const varied = Object.keys(rows[0]?.varied ?? {})
  const [columnKey, rowKey] = gridKeys(varied, x, y)
  const [columns, lines] = [columnKey, rowKey].map((key) => distinct(rows.map((row) => row.varied[key] ?? null)))
  const cells = lines!.map((line) =>
    columns!.map((column) => {
      const there = rows.filter(
        ({ varied }) => (varied[columnKey] ?? null) === column && (varied[rowKey] ?? null) === line,
      )
      return there[0] ?? null
    }),
  )
  const text = (row: SummaryRow | null): string => (row?.last ? plusMinus(row.last.value, halfWidth(row.last)) : '')
  return heatmap(
    {
      rows: lines!.map(keyText),
      columns: columns!.map(keyText),
      values: cells.map((line) => line.map((row) => row?.last?.value ?? null)),
      texts: cells.map((line) => line.map(text)),
      hovers: cells.map((line, i) =>
        line.map(
          (row, k) =>
            `${columnKey} ${keyText(columns![k]!)}, ${rowKey} ${keyText(lines![i]!)}: ${row ? `${text(row)} (${seedsText([row.n])})` : 'no run'}`,
        ),
      ),
    },
    { x: columnKey, y: rowKey, colors: metricTitle(metric), ...options },
  )
}

/** Returns the keys of columns and rows. @throws UserError unless exactly these two vary. */
function gridKeys(varied: readonly string[], x?: string, y?: string): [column: string, row: string] {
  const column = x ?? varied.find((key) => key !== y)
  const row = y ?? varied.find((key) => key !== column)
  if (varied.length === 2 && column !== undefined && row !== undefined && column !== row)
    if (varied.includes(column) && varied.includes(row)) return [column, row]
  throw new UserError({
    where: 'grid',
    expected: 'runs that differ in two keys',
    found:
      varied.length === 0
        ? 'none'
        : `${varied.join(', ')}${x === undefined && y === undefined ? '' : `; asked for ${[x, y].filter(Boolean).join(' and ')}`}`,
    todo:
      varied.length > 2
        ? 'Choose the runs in which only two differ: new Runs(runs.all.filter(…)).'
        : 'With one key draw bars or points.',
  })
}

/** Returns the distinct values, numbers in ascending order, texts in order of first appearance. */
function distinct(values: readonly Cell[]): Cell[] {
  const all = [...new Set(values)]
  return all.every((value) => typeof value === 'number') ? all.sort((a, b) => a - b) : all
}

function keyText(value: Cell): string {
  return value === null ? '–' : String(value)
}

/** Options of {@link parallelOfRuns}. */
export type RunParallelOptions = Omit<FigureOptions, 'log' | 'x' | 'y'>

/** Returns parallel coordinates of the varied keys and a metric at the last evaluation. */
export function parallelOfRuns(
  runs: readonly FinishedRun[],
  comparison: Comparison<FinishedRun>,
  metric: string,
  options: RunParallelOptions,
): CaptionedFigure {
  const members = runs.map(runMember)
  checkMetric(metric, [new Arm('runs', members)])
  const keys = comparison.keys.filter((key) => key !== 'seed')
  if (keys.length === 0)
    throw new UserError({
      where: 'parallel',
      expected: 'runs that differ in a key of the configuration',
      found: runs.length === 1 ? 'one run' : 'runs that differ in the seed at most',
      todo: 'Draw curves or bars.',
    })
  return parallel(
    [
      ...keys.map((key) => ({ name: key, values: runs.map((run) => plainCell(comparison.value(run, key))) })),
      { name: metricTitle(metric), values: members.map((member) => lastOf(member, metric)?.value ?? null) },
    ],
    { labels: runs.map((run) => `${comparison.label(run)}, seed ${run.config.seed}`), ...options },
  )
}

function plainCell(value: Cell): number | string | boolean | null {
  return value === null || typeof value === 'number' || typeof value === 'boolean' ? value : String(value)
}

function axisNamed(x: Axis): ReturnType<typeof axisOf> {
  if (AXIS_NAMES.includes(x)) return axisOf(x)
  const near = didYouMean(String(x), AXIS_NAMES)
  throw new UserError({
    where: 'x',
    expected: `one of ${AXIS_NAMES.join(', ')}`,
    found: JSON.stringify(x),
    ...(near === undefined ? {} : { todo: near }),
  })
}

/** Returns the limits of an axis of percentages, with room for marks at the ends; none for other metrics. */
function percentRange(metric: string): Pick<FigureOptions, 'range'> {
  return isShare(metric) ? { range: [0, 102] } : {}
}

function listed(seeds: Iterable<number>): string {
  return [...seeds].join(', ') || 'none'
}
