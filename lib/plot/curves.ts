import type { FigureOptions } from './figure.js'
import { type Line, lineFigure, type Numbers } from './line.js'
import type { CaptionedFigure } from './sources.js'
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
export interface CurvesOptions extends FigureOptions {
  /** `mean`: the mean over seeds with a band from minimum to maximum; `run`: a line for every run. Default `mean`. */
  readonly each?: 'mean' | 'run'
}

/**
 * Returns curves of runs, grouped by name. If runs differ in length (some are still training), the mean at x is over those
 * that have reached it; hovering over a point shows their number.
 */
export function curves(runs: readonly Curve[], options: CurvesOptions = {}): CaptionedFigure {
  const groups = groupByName(runs)
  const lines: Line[] = []
  let place = 0
  for (const [name, members] of groups) {
    const look = { color: colorOf(place), dash: dashOf(place), marker: markerOf(place) }
    place++
    if (options.each === 'run' || members.length === 1)
      lines.push(...members.map((run, i) => runLine(run, look, i === 0)))
    else lines.push(meanLine(name, members, look))
  }
  return lineFigure(lines, options)
}

type LineLook = Required<Pick<Line, 'color' | 'dash' | 'marker'>>

function runLine(run: Curve, look: LineLook, legend: boolean): Line {
  const label = run.seed === undefined ? '' : `seed ${run.seed}, `
  const hover = Array.from(run.x, (x, i) => `${label}${x}: ${short(run.y[i]!)}`)
  return { name: run.name, x: run.x, y: run.y, ...look, legend, hover }
}

function meanLine(name: string, members: readonly Curve[], look: LineLook): Line {
  const at = new Map<number, number[]>()
  for (const run of members)
    for (let i = 0; i < run.x.length; i++) {
      const y = run.y[i]!
      if (!Number.isFinite(y)) continue
      const there = at.get(run.x[i]!)
      if (there) there.push(y)
      else at.set(run.x[i]!, [y])
    }
  const points = [...at].sort(([a], [b]) => a - b)
  return {
    name: `${name} (mean and range of ${members.length} seeds)`,
    ...look,
    x: points.map(([x]) => x),
    y: points.map(([, ys]) => mean(ys)),
    band: { low: points.map(([, ys]) => Math.min(...ys)), high: points.map(([, ys]) => Math.max(...ys)) },
    hover: points.map(
      ([x, ys]) =>
        `${x}: ${short(mean(ys))}, ${short(Math.min(...ys))} to ${short(Math.max(...ys))} (${ys.length} of ${members.length} seeds)`,
    ),
  }
}

/** Returns the mean of numbers; NaN for none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Formats a number with at most four significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function groupByName(runs: readonly Curve[]): Map<string, Curve[]> {
  const groups = new Map<string, Curve[]>()
  for (const run of runs) groups.set(run.name, [...(groups.get(run.name) ?? []), run])
  return groups
}
