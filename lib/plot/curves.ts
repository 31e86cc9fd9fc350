import type { Figure, FigureOptions } from './figure.js'
import { type Line, lineFigure, type Numbers } from './line.js'
import { colorOf, dashOf } from './template.js'

/** One run's curve. */
export interface Curve {
  /** The varied value, e.g. `mlp`: runs of one name share a colour. */
  readonly name: string
  /** Tells runs of one name apart, e.g. the seed. */
  readonly seed?: number
  readonly x: Numbers
  readonly y: Numbers
}

/** How {@link curves} draws several runs of one name. */
export interface CurvesOptions extends FigureOptions {
  /** `mean`: the mean over the seeds with a band from the least to the largest; `run`: a line for every run. Default `mean`. */
  readonly each?: 'mean' | 'run'
}

/**
 * Curves of runs, grouped by name. Where runs are of different length (some are still training), the mean
 * at x is over those that have got there; resting the mouse on a point says how many.
 */
export function curves(runs: readonly Curve[], options: CurvesOptions = {}): Figure {
  const groups = groupByName(runs)
  const lines: Line[] = []
  let place = 0
  for (const [name, members] of groups) {
    const look = { color: colorOf(place), dash: dashOf(place) }
    place++
    if (options.each === 'run' || members.length === 1)
      lines.push(...members.map((run, i) => runLine(run, look, i === 0)))
    else lines.push(meanLine(name, members, look))
  }
  return lineFigure(lines, options)
}

type LineLook = Required<Pick<Line, 'color' | 'dash'>>

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

/** The mean of some numbers; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** At most four significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function groupByName(runs: readonly Curve[]): Map<string, Curve[]> {
  const groups = new Map<string, Curve[]>()
  for (const run of runs) groups.set(run.name, [...(groups.get(run.name) ?? []), run])
  return groups
}
