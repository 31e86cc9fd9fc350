import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import { type Estimate, type EstimateOptions, estimate, wilson } from '../statistics/estimate.js'
import { passAtK } from '../statistics/pass-at-k.js'
import type { UnitScores } from '../statistics/unit-scores.js'
import { UNKNOWN } from '../think/step-measures.js'
import type { RecordingFacts } from './facts.js'
import { chooser, isHalted, type Selector } from './selectors.js'
import { rowAt, type Unit } from './unit.js'

/** How an accuracy is measured: by a {@link Selector}, or as `pass@k`, estimated without bias from all rollouts. */
export type Select = Selector | 'pass@k'

/** Depth and number of rollouts of a query; both default to the recording's. */
export interface Extent {
  /** Supervision steps D′ ≤ D. */
  readonly depth?: number
  /** Rollouts K′ ≤ K: the first ones; for `pass@k` the k. */
  readonly rollouts?: number
}

/** A place in the plane of depth and rollouts, and how the answer is chosen there. */
export interface Point {
  readonly select: Select
  readonly depth: number
  readonly rollouts: number
}

/** How an interval is made. */
export interface IntervalOptions {
  /**
   * Wilson's score interval over puzzles, or a bootstrap of them. Wilson's is too wide for values between 0 and 1, i.e. for
   * `pass@k` of fewer rollouts than recorded, cells, and several versions. Default: `wilson`.
   */
  readonly interval?: 'wilson' | 'bootstrap'
  /** Confidence level, between 0 and 1. Default 0.95. */
  readonly level?: number
  /** Resamples of the bootstrap. Default 1,000. */
  readonly resamples?: number
  /** Seed of the bootstrap. Default 0. */
  readonly seed?: number
}

/** An accuracy: a share of puzzles, with its interval. */
export interface Accuracy extends Estimate {
  /** Puzzles left out because their answer is not known. */
  readonly unknown: number
}

/** The accuracy at a point and the compute behind it. */
export interface PointResult extends Point {
  readonly accuracy: Accuracy
  /** Supervision steps per puzzle: rows computed up to the depth; for `first` up to the step at which a rollout halts. */
  readonly steps: number
}

/** Returns the value of a row by a metric, in [0, 1]; null where the answer is not known. */
type ValueOf = (unit: Unit, row: number) => number | null

/**
 * Returns the function of a metric: `exact`, `cells` (share of scored cells), or a criterion of the task's judge.
 *
 * @throws UserError for another one, and for `cells` of a recording without the number of scored cells.
 */
function metricValue(metric: string, facts: RecordingFacts): ValueOf {
  if (metric === 'exact') return ({ arrays }, row) => (arrays.exact[row] === UNKNOWN ? null : arrays.exact[row]!)
  if (metric === 'cells')
    return ({ arrays: { exact, rightCells, scoredCells } }, row) => {
      if (!scoredCells)
        throw new UserError({
          where: 'metric cells',
          expected: 'a recording with the number of scored cells',
          found: 'one without',
        })
      return exact[row] === UNKNOWN ? null : rightCells[row]! / Math.max(1, scoredCells[row]!)
    }
  if (facts.criteria.includes(metric)) return ({ arrays }, row) => arrays.criteria[metric]![row]!
  const known = ['exact', 'cells', ...facts.criteria]
  const todo = didYouMean(metric, known)
  throw new UserError({ where: 'metric', expected: known.join(', '), found: metric, ...(todo ? { todo } : {}) })
}

/**
 * Returns depth and rollouts of a query.
 *
 * @throws UserError unless both are whole numbers from 1 to those of the recording; and for some of the particles of a puzzle.
 */
export function checkExtent({ depth, rollouts }: Extent, facts: RecordingFacts): Required<Extent> {
  const { settings, guided } = facts
  if (guided && rollouts !== undefined && rollouts !== settings.rollouts)
    throw new UserError({
      where: 'rollouts',
      expected: `all ${settings.rollouts} particles, which depend on each other`,
      found: String(rollouts),
      todo: `Record again with rollouts ${rollouts}.`,
      exitCode: 2,
    })
  return {
    depth: within('depth', depth ?? settings.depth, settings.depth),
    rollouts: within('rollouts', rollouts ?? settings.rollouts, settings.rollouts),
  }
}

function within(where: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new UserError({
    where,
    expected: `a whole number from 1 to ${most}, as recorded`,
    found: String(value),
    ...(value > most ? { todo: `Record again with ${where} ${value}.` } : {}),
    exitCode: 2,
  })
}

/** Returns a unit's value at a point, and the supervision steps behind it. */
type ValueAt = (unit: Unit) => { readonly value: number | null; readonly steps: number }

/** Values, one for each point and puzzle, that a pass holds: a quarter of a gigabyte. */
const PASS_VALUES = 2 ** 25

/**
 * Measures accuracy at several points, in one pass over the recording unless points × puzzles are more than 33 million. A
 * puzzle's value is the mean over its versions.
 *
 * @param units begins a pass
 * @throws UserError for a selector or a metric that the recording cannot answer, and for an interval that there is not.
 */
export function measurePoints(
  units: () => Iterable<Unit>,
  facts: RecordingFacts,
  points: readonly Point[],
  metric: string,
  options: IntervalOptions = {},
): PointResult[] {
  checkInterval(options)
  const atOnce = Math.max(1, Math.floor(PASS_VALUES / Math.max(1, facts.recorded)))
  const passes = Array.from({ length: Math.ceil(points.length / atOnce) }, (_, i) =>
    points.slice(i * atOnce, (i + 1) * atOnce),
  )
  return passes.flatMap((some) => measurePass(units(), facts, some, metric, options))
}

function measurePass(
  units: Iterable<Unit>,
  facts: RecordingFacts,
  points: readonly Point[],
  metric: string,
  options: IntervalOptions,
): PointResult[] {
  const { scores, steps, unknown } = scoredPass(units, facts, points, metric)
  return points.map((point, i) => {
    const values = scores.map((each) => each[i]!)
    return { ...point, accuracy: { ...accuracyOf(values, options), unknown }, steps: steps[i]! }
  })
}

/**
 * Returns the value of each puzzle with a known answer at several points, in one pass, for statistics that resample puzzles:
 * `[points]` a puzzle, its mean over versions, in ascending order of puzzles.
 *
 * @throws UserError for a selector or a metric that the recording cannot answer.
 */
export function puzzleScores(
  units: Iterable<Unit>,
  facts: RecordingFacts,
  points: readonly Point[],
  metric: string,
): UnitScores[] {
  return scoredPass(units, facts, points, metric).scores.map((sums) => ({ weight: 1, sums }))
}

/** Scores of one pass over a recording. */
interface ScoredPass {
  /** `[puzzles][points]` values of the puzzles with a known answer. */
  readonly scores: readonly Float64Array[]
  /** `[points]` supervision steps per puzzle. */
  readonly steps: readonly number[]
  /** Number of puzzles whose answer is not known. */
  readonly unknown: number
}

function scoredPass(
  units: Iterable<Unit>,
  facts: RecordingFacts,
  points: readonly Point[],
  metric: string,
): ScoredPass {
  const value = metricValue(metric, facts)
  const valuesAt = points.map((point) => valueAt(point, value, facts))
  const sums = new Map<number, { readonly values: Float64Array; versions: number }>()
  const steps = points.map(() => 0)
  const unknown = new Set<number>()
  for (const unit of units) {
    const { puzzle } = unit
    const isKnown = value(unit, unit.starts[0]!) !== null
    if (!isKnown) unknown.add(puzzle)
    const sum = sums.get(puzzle) ?? { values: new Float64Array(points.length), versions: 0 }
    if (isKnown) {
      sum.versions++
      sums.set(puzzle, sum)
    }
    valuesAt.forEach((at, i) => {
      const measured = at(unit)
      steps[i]! += measured.steps
      if (isKnown) sum.values[i]! += measured.value ?? 0
    })
  }
  // Sums and resamples do not depend on the order in which puzzles were completed.
  const sorted = [...sums].sort(([a], [b]) => a - b)
  const puzzles = sums.size + unknown.size
  if (sums.size === 0) throw withoutValues(metric, unknown.size)
  return {
    scores: sorted.map(([, { values, versions }]) => values.map((value) => value / versions)),
    steps: steps.map((sum) => (puzzles === 0 ? 0 : sum / puzzles)),
    unknown: unknown.size,
  }
}

function withoutValues(metric: string, unknown: number): UserError {
  if (unknown === 0)
    return new UserError({
      where: 'the recording',
      expected: 'puzzles that are complete',
      found: 'none',
      todo: 'Record again.',
    })
  return new UserError({
    where: `metric ${metric}`,
    expected: 'puzzles with known answers',
    found: `none among ${unknown}`,
    todo: "Use a criterion of the task's judge, e.g. valid, or another split.",
  })
}

/** @throws UserError for another interval than these two, and for a bootstrap of no resamples. */
function checkInterval({ interval = 'wilson', resamples = 1 }: IntervalOptions): void {
  if (interval !== 'wilson' && interval !== 'bootstrap')
    throw new UserError({ where: 'interval', expected: 'wilson or bootstrap', found: String(interval) })
  if (!(Number.isInteger(resamples) && resamples >= 1))
    throw new UserError({ where: 'resamples', expected: 'a whole number of 1 or more', found: String(resamples) })
}

function accuracyOf(values: readonly number[], options: IntervalOptions): Estimate {
  const { interval = 'wilson', level, resamples = 1_000, seed } = options
  if (interval === 'wilson')
    return wilson(
      values.reduce((sum, value) => sum + value, 0),
      values.length,
      level,
    )
  if (interval !== 'bootstrap')
    throw new UserError({ where: 'interval', expected: 'wilson or bootstrap', found: String(interval), exitCode: 2 })
  const given: EstimateOptions = {
    interval,
    resamples,
    ...(level === undefined ? {} : { level }),
    ...(seed === undefined ? {} : { seed }),
  }
  return estimate(values, given)
}

function valueAt({ select, depth, rollouts }: Point, value: ValueOf, facts: RecordingFacts): ValueAt {
  const all = facts.settings.rollouts
  if (select === 'pass@k') {
    const passOf = Float64Array.from({ length: all + 1 }, (_, right) => passAtK(all, right, rollouts))
    return (unit) => {
      let right = 0
      for (let rollout = 0; rollout < all; rollout++) if (value(unit, rowAt(unit, rollout, depth)) === 1) right++
      return { value: passOf[right]!, steps: stepsOf(unit, depth, rollouts) }
    }
  }
  const choose = chooser(select, facts)
  return (unit) => {
    const row = choose(unit, depth, rollouts)
    const last = select === 'first' && isHalted(unit.arrays, row) ? unit.arrays.step[row]! : depth
    return { value: value(unit, row), steps: stepsOf(unit, last, rollouts) }
  }
}

/** Returns the rows that were computed for the first rollouts of a unit up to a depth. */
function stepsOf({ steps }: Unit, depth: number, rollouts: number): number {
  let sum = 0
  for (let rollout = 0; rollout < rollouts; rollout++) sum += Math.min(depth, steps[rollout]!)
  return sum
}
