import { bestMetricOf } from '../../config/best-metric.js'
import { UserError } from '../../errors.js'
import { type Counted, countedIn } from '../../evaluate/counted.js'
import { isShare } from '../../evaluate/metric-names.js'
import { didYouMean } from '../../options/nearest.js'
import type { Arm, ArmMember, Numbers } from './arm.js'

/** A metric of one run at one evaluation. */
export interface Measured {
  /** In percent for a share. */
  readonly value: number
  /** Optimiser step of the evaluation; null if unknown. */
  readonly step: number | null
  /** Count and denominator; null where the metric has none. */
  readonly counted: Counted | null
}

/** Returns the metric at a member's last evaluation (or last logged training step); null if it is unknown or NaN there. */
export function lastOf(member: ArmMember, metric: string): Measured | null {
  const row = lastRow(member, metric)
  return row === undefined ? null : measuredIn(row, metric)
}

/** Returns a member's last evaluation (or last training step that has the metric); undefined without one. */
export function lastRow(member: ArmMember, metric: string): Numbers | undefined {
  return rowsFor(member, metric).at(-1)
}

/** Returns the metric at a member's best evaluation by the same metric, the earliest of equal ones; null if none knows it. */
export function bestOf(member: ArmMember, metric: string): Measured | null {
  const lower = directionOf(metric, [member]) === 'lower'
  let best: Measured | null = null
  for (const row of rowsFor(member, metric)) {
    const measured = measuredIn(row, metric)
    if (measured && (best === null || (lower ? measured.value < best.value : measured.value > best.value)))
      best = measured
  }
  return best
}

/**
 * Returns whether higher or lower values of a metric are better; null where neither is, as for `supervisionSteps`, and for a
 * custom metric that no configuration names as its `bestMetric`.
 */
export function directionOf(metric: string, members: readonly ArmMember[]): 'higher' | 'lower' | null {
  if (metric === 'test.halted' || metric === 'train.halted') return null
  if (isShare(metric)) return 'higher'
  if (/loss$/i.test(metric) || /(Seconds|Macs|Joules)$/.test(metric)) return 'lower'
  for (const { compared } of members) {
    const { metric: named, better } = bestMetricOf({ bestMetric: compared?.config.bestMetric })
    if (named === metric) return better
  }
  return null
}

/**
 * Checks that some member has a metric.
 *
 * @throws UserError (exit code 2) naming the metrics that there are, and the nearest.
 */
export function checkMetric(metric: string, arms: readonly Arm[]): void {
  if (typeof metric !== 'string')
    throw new UserError({ where: 'metric', expected: 'a name, e.g. test.exact', found: typeof metric, exitCode: 2 })
  const members = arms.flatMap((arm) => arm.members)
  if (members.some((member) => rowsFor(member, metric).some((row) => Object.hasOwn(row, metric)))) return
  const known = metricsOf(members)
  const unevaluated = !metric.startsWith('train.') && members.every(({ evaluations }) => evaluations.length === 0)
  const near = didYouMean(metric, known)
  throw new UserError({
    where: `metric ${metric}`,
    expected: unevaluated ? 'a run with an evaluation' : `one of ${known.join(', ')}`,
    found: unevaluated ? 'none' : 'no run that has it',
    ...(near === undefined || unevaluated ? {} : { todo: near }),
    exitCode: 2,
  })
}

/** Columns of numbers that are not results. */
const NO_METRICS = new Set(['step', 'lr', 'puzzles', 'scored', 'scoredCells', 'rightCells', 'scoredTasks', 'weights'])

function metricsOf(members: readonly ArmMember[]): string[] {
  const names = members.flatMap(({ evaluations, metrics }) =>
    [...evaluations.slice(-1), ...metrics.slice(-1)].flatMap(Object.keys),
  )
  return [...new Set(names)].filter((name) => !NO_METRICS.has(name))
}

function rowsFor({ evaluations, metrics }: ArmMember, metric: string): readonly Numbers[] {
  if (!metric.startsWith('train.')) return evaluations
  return metrics.filter((row) => row[metric] != null)
}

function measuredIn(row: Numbers, metric: string): Measured | null {
  const value = Object.hasOwn(row, metric) ? row[metric] : null
  if (typeof value !== 'number' || !Number.isFinite(value)) return null
  return {
    value: value * (isShare(metric) ? 100 : 1),
    step: typeof row.step === 'number' ? row.step : null,
    counted: countedIn(row, metric),
  }
}
