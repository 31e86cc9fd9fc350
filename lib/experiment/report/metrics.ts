import { isOwnMetric } from '../../evaluate/metric-names.js'
import { type Numbers, runMember } from '../compare/arm.js'
import { directionOf } from '../compare/measured.js'
import type { FinishedRun, Runs } from '../compare/runs.js'

/** Metrics of a report where they are known, before the user's own. */
const SHOWN = ['test.exact', 'test.cells', 'test.valid', 'test.pass@2', 'train.loss'] as const

/** Returns the metrics that some run has a number for: those above, then custom ones. */
export function metricsOf({ all }: Pick<Runs, 'all'>): string[] {
  const evaluations = all.flatMap((run) => run.evaluations as unknown as readonly Numbers[])
  const custom = [...new Set(evaluations.flatMap(Object.keys))].filter(isOwnMetric)
  const isKnown = (name: string): boolean => {
    const hasNumber = (row: Numbers): boolean => typeof row[name] === 'number'
    return name.startsWith('train.') ? all.some(({ metrics }) => metrics.some(hasNumber)) : evaluations.some(hasNumber)
  }
  return [...SHOWN.filter((name) => name !== 'test.valid' || validApart(all)), ...custom].filter(isKnown)
}

/** Returns whether some answer is valid without being the stored one. */
function validApart(all: readonly FinishedRun[]): boolean {
  return all.some(({ evaluations }) =>
    evaluations.some((row) => row['test.valid'] != null && row['test.valid'] !== row['test.exact']),
  )
}

/**
 * Returns the labels of runs, best mean of the last evaluation first; those without a value come last.
 *
 * @param metric default `test.exact`
 */
export function bestFirst(runs: Runs, metric = 'test.exact'): string[] {
  const sign = directionOf(metric, runs.all.map(runMember)) === 'lower' ? 1 : -1
  const place = (value: number | undefined): number => (value === undefined ? Number.POSITIVE_INFINITY : sign * value)
  return runs
    .summary(metric)
    .rows.filter(({ isArm }) => !isArm)
    .toSorted((a, b) => place(a.last?.value) - place(b.last?.value) || 0)
    .map(({ label }) => label)
}

/** Returns the runs of some labels. */
export function runsLabelled(runs: Runs, labels: readonly string[]): FinishedRun[] {
  const chosen = new Set(labels)
  return runs.all.filter((run) => chosen.has(runs.label(run)))
}
