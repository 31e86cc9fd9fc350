import type { RecordingFacts } from './facts.js'
import { checkExtent, type IntervalOptions, type Point, type PointResult, type Select } from './points.js'

/** The horizontal axis of a curve. */
export type CurveX = 'depth' | 'rollouts' | 'macs' | 'seconds'

/** Options of a curve. */
export interface CurveOptions extends IntervalOptions {
  /** Default: `depth`. */
  readonly x?: CurveX
  /** One selector or several. Default: `q`. */
  readonly select?: Select | readonly Select[]
  /** `exact`, `cells`, or a criterion of the task's judge. Default: `exact`. */
  readonly metric?: string
  /**
   * Depths, or `all`. Default: for `depth`, `macs` and `seconds` the powers of two and the recording's; else the recording's
   * alone.
   */
  readonly depth?: number | readonly number[] | 'all'
  /** Numbers of rollouts, or `all`. Default: for `rollouts` the powers of two and the recording's; else the recording's alone. */
  readonly rollouts?: number | readonly number[] | 'all'
}

/** Options of a surface over depth and rollouts: both default to the powers of two and the recording's. */
export type SurfaceOptions = Omit<CurveOptions, 'x'>

/** A point of a curve or a surface. */
export interface CurveRow {
  readonly select: Select
  readonly metric: string
  readonly depth: number
  readonly rollouts: number
  /** Supervision steps per puzzle, all rollouts together. */
  readonly steps: number
  /** Multiply-accumulates per puzzle; null if unknown. */
  readonly macs: number | null
  /** Computing time per puzzle, in proportion to the steps, on the machine of the recording. */
  readonly seconds: number
  /** Share of puzzles, in [0, 1]. */
  readonly value: number
  readonly low: number | null
  readonly high: number | null
  /** Puzzles counted, and those left out because their answer is not known. */
  readonly n: number
  readonly unknown: number
}

/** Returns the points of a curve. @throws UserError for depths or rollouts that were not recorded. */
export function curvePoints(facts: RecordingFacts, options: CurveOptions): Point[] {
  const { x = 'depth', depth, rollouts } = options
  const { settings } = facts
  return pointsOf(facts, {
    ...options,
    depth: depth ?? (x === 'rollouts' ? settings.depth : powersOfTwo(settings.depth)),
    rollouts: rollouts ?? (x === 'rollouts' ? powersOfTwo(settings.rollouts) : settings.rollouts),
  })
}

/** Returns the points of a surface. @throws UserError for depths or rollouts that were not recorded. */
export function surfacePoints(facts: RecordingFacts, options: SurfaceOptions): Point[] {
  const { depth, rollouts } = options
  const { settings } = facts
  return pointsOf(facts, {
    ...options,
    depth: depth ?? powersOfTwo(settings.depth),
    rollouts: rollouts ?? powersOfTwo(settings.rollouts),
  })
}

function pointsOf(facts: RecordingFacts, { select = 'q', depth, rollouts }: CurveOptions): Point[] {
  const { settings } = facts
  const selects = typeof select === 'string' ? [select] : select
  const depths = listOf(depth!, settings.depth)
  const widths = listOf(rollouts!, settings.rollouts)
  return selects.flatMap((each) =>
    widths.flatMap((width) =>
      depths.map((at) => ({ select: each, ...checkExtent({ depth: at, rollouts: width }, facts) })),
    ),
  )
}

function listOf(values: number | readonly number[] | 'all', most: number): readonly number[] {
  if (values === 'all') return Array.from({ length: most }, (_, i) => i + 1)
  return typeof values === 'number' ? [values] : values
}

/** Returns 1, 2, 4 … below a number, and the number. */
export function powersOfTwo(most: number): number[] {
  const values: number[] = []
  for (let value = 1; value < most; value *= 2) values.push(value)
  return [...values, most]
}

/** Returns measured points as rows, ordered by the axis within each selector. */
export function curveRow(facts: RecordingFacts, metric: string, result: PointResult): CurveRow {
  const { select, depth, rollouts, steps, accuracy } = result
  const { value, low, high, n, unknown } = accuracy
  const { rows, seconds, macsPerStep } = facts
  return {
    select,
    metric,
    depth,
    rollouts,
    steps,
    macs: macsPerStep === null ? null : macsPerStep * steps,
    seconds: rows === 0 ? 0 : (seconds.computing / rows) * steps,
    value,
    low,
    high,
    n,
    unknown,
  }
}
