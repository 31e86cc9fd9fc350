import { UserError } from '../../errors.js'
import { liveRowsBeside, primaryRows } from '../../evaluate/arms.js'
import { macUnit } from '../../evaluate/mac-units.js'
import { isShare, metricTitle } from '../../evaluate/metric-names.js'
import { didYouMean } from '../../options/nearest.js'
import { type Curve, type CurvesOptions, curves } from '../../plot/curves.js'
import type { CaptionedFigure } from '../../plot/sources.js'
import { AXIS_NAMES, type Axis, type AxisOf, type AxisRow, type AxisRun, axisOf } from './axes.js'

/** Options of `runs.curves`. */
export interface RunCurvesOptions extends Omit<CurvesOptions, 'x'> {
  /**
   * The quantity along the horizontal axis: `step`, or what training took until then, `macs`, `flops`, `seconds`,
   * `cpuSeconds` or `joules`. Seeds are averaged at equal steps, where their times differ too; with `each: 'run'` each run has
   * its own times. Default: `step`.
   */
  readonly x?: Axis
}

/** A run with a label, as far as its curves are drawn. */
export interface DrawnRun extends AxisRun {
  readonly metrics: readonly object[]
  readonly evaluations: readonly object[]
}

/** A curve's points with the optimiser steps that they belong to. */
interface SteppedCurve extends Curve {
  readonly x: number[]
  readonly steps: readonly unknown[]
}

/**
 * Returns a metric of runs along their training; see `Runs.curves`.
 *
 * @param label returns the name that runs which differ only in their seed share
 * @throws UserError for an unknown axis, one of which a run has a single value, and one that no run knows.
 */
export function curvesOfRuns<R extends DrawnRun>(
  runs: readonly R[],
  label: (run: R) => string,
  metric: string,
  { x = 'step', ...options }: RunCurvesOptions = {},
): CaptionedFigure {
  const axis = growingAxis(x)
  const share = isShare(metric)
  const lines = runs.flatMap((run) => {
    const line = (name: string, rows: readonly AxisRow[]): SteppedCurve => ({
      name,
      seed: run.config.seed,
      x: rows.map((row) => axis.of(run, row) ?? Number.NaN),
      y: rows.map((row) => numberOf(row[metric]) * (share ? 100 : 1)),
      steps: rows.map(({ step }) => step),
    })
    const name = label(run)
    if (!metric.startsWith('test.')) return [line(name, run.metrics as readonly AxisRow[])]
    const evaluations = run.evaluations as readonly AxisRow[]
    const live = liveRowsBeside(evaluations)
    const ofEma = line(name, primaryRows(evaluations))
    return live.length > 0 ? [ofEma, line(`${name}, live weights`, live)] : [ofEma]
  })
  const known = lines.map(withKnownX)
  checkKnown(x, lines, known)
  const averaged = axis.varies && options.each !== 'run'
  const { title, drawn } = inUnit(axis, averaged ? meanOverSeeds(known) : known)
  return curves(drawn, {
    x: title,
    y: metricTitle(metric),
    ...(share ? { range: [0, 100] as const } : {}),
    ...options,
  })
}

function numberOf(cell: unknown): number {
  return typeof cell === 'number' ? cell : Number.NaN
}

function growingAxis(x: Axis): AxisOf {
  const growing = AXIS_NAMES.filter((name) => axisOf(name).grows)
  if (growing.includes(x)) return axisOf(x)
  const known = AXIS_NAMES.includes(x)
  throw new UserError({
    where: 'curves, x',
    expected: `a quantity that grows along a run: ${growing.join(', ')}`,
    found: known ? `${x}, of which a run or an evaluation has one value` : String(x),
    ...(known
      ? {}
      : { todo: didYouMean(String(x), growing) ?? 'A title for the axis is not needed: it follows from x.' }),
  })
}

/** Omits the points whose place along the axis is unknown. */
function withKnownX({ x, y, steps, ...curve }: SteppedCurve): SteppedCurve {
  const kept = Array.from(x.keys()).filter((i) => Number.isFinite(x[i]))
  return { ...curve, x: kept.map((i) => x[i]!), y: kept.map((i) => y[i]!), steps: kept.map((i) => steps[i]) }
}

function checkKnown(x: Axis, all: readonly SteppedCurve[], known: readonly SteppedCurve[]): void {
  const points = (curves: readonly SteppedCurve[]): number => curves.reduce((sum, curve) => sum + curve.x.length, 0)
  if (points(all) === 0 || points(known) > 0) return
  throw new UserError({
    where: `curves, x: '${x}'`,
    expected: 'runs that know it',
    found: 'none',
    ...(x === 'joules' ? { todo: 'machine.energy in provenance.json says why.' } : {}),
    ...(x === 'macs' || x === 'flops' ? { todo: "The MACs of a custom mixer are unknown: use x: 'cpuSeconds'." } : {}),
  })
}

/** Places the points of equal name and step at the mean of their seeds, as a mean over seeds needs. */
function meanOverSeeds(lines: readonly SteppedCurve[]): SteppedCurve[] {
  const places = new Map<string, { sum: number; n: number }>()
  const key = ({ name }: SteppedCurve, step: unknown): string => JSON.stringify([name, step])
  for (const line of lines)
    for (const [i, step] of line.steps.entries()) {
      const { sum, n } = places.get(key(line, step)) ?? { sum: 0, n: 0 }
      places.set(key(line, step), { sum: sum + line.x[i]!, n: n + 1 })
    }
  return lines.map((line) => ({
    ...line,
    x: line.steps.map((step) => {
      const { sum, n } = places.get(key(line, step))!
      return sum / n
    }),
  }))
}

/** Returns curves with MACs and FLOPs in the unit that fits the largest; numbers with six digits, as people read them. */
function inUnit({ title, unit }: AxisOf, lines: readonly SteppedCurve[]): { title: string; drawn: Curve[] } {
  const largest = Math.max(0, ...lines.map(({ x }) => x.reduce((most, value) => Math.max(most, value), 0)))
  const { prefix, size } = unit === null ? { prefix: '', size: 1 } : macUnit(largest)
  const short = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(6)))
  return {
    title: unit === null ? title : title.replace(`(${unit}`, `(${prefix}${unit}`),
    drawn: lines.map(({ steps: _, ...line }) => ({ ...line, x: line.x.map((value) => short(value / size)) })),
  }
}
