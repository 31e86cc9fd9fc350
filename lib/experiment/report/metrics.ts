import { isOwnMetric, isShare } from '../../evaluate/metric-names.js'
import type { FinishedRun, Runs } from '../compare/runs.js'
import type { Summary } from '../compare/summary.js'

/** Metrics of a report where they are known, before the user's own. */
const SHOWN = ['test.exact', 'test.cells', 'test.valid', 'test.pass@2', 'train.loss'] as const

/** Returns the metrics that some run has a number for: those above, then custom ones. */
export function metricsOf({ all }: Pick<Runs, 'all'>): string[] {
  const known = new Set<string>()
  for (const { evaluations, metrics } of all)
    for (const row of [...evaluations, ...metrics] as unknown as Readonly<Record<string, unknown>>[])
      for (const [name, value] of Object.entries(row)) if (typeof value === 'number') known.add(name)
  return [
    ...SHOWN.filter((name) => name !== 'test.valid' || validApart(all)),
    ...[...known].filter(isOwnMetric),
  ].filter((name) => known.has(name))
}

/** Returns whether some answer is valid without being the stored one. */
function validApart(all: readonly FinishedRun[]): boolean {
  return all.some(({ evaluations }) =>
    evaluations.some((row) => row['test.valid'] != null && row['test.valid'] !== row['test.exact']),
  )
}

/** Returns the labels of a summary, best mean of the last evaluation first; those without a value come last. */
export function bestFirst({ metric, rows }: Summary): string[] {
  const sign = isShare(metric) ? -1 : 1
  const place = (value: number | undefined): number => (value === undefined ? Number.POSITIVE_INFINITY : sign * value)
  return rows
    .filter(({ isArm }) => !isArm)
    .toSorted((a, b) => place(a.last?.value) - place(b.last?.value) || 0)
    .map(({ label }) => label)
}

/** Returns the runs of some labels. */
export function runsLabelled(runs: Runs, labels: readonly string[]): FinishedRun[] {
  const chosen = new Set(labels)
  return runs.all.filter((run) => chosen.has(runs.label(run)))
}
